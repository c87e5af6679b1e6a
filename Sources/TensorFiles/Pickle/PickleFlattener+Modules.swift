import Platform

/// What a module holds outside of its `state_dict`.
extension PickleFlattener {
    /// The buffers in `names` that have floating-point elements.
    mutating func hiddenTensors(
        _ buffers: PickleValue, among names: Set<String>, of module: String, _ bytes: RawSpan
    ) throws(Failure) -> [String] {
        guard !names.isEmpty, case .node(let index) = buffers else { return [] }
        return try pairs(index, module, bytes)
            .filter { names.contains($0.key) && isHiddenTensor($0.value, $0.key, bytes) }.map(\.key)
    }

    /// Whether a value is a tensor with floating-point elements, or one that cannot be read.
    func isHiddenTensor(_ value: PickleValue, _ name: String, _ bytes: RawSpan) -> Bool {
        guard case .node(let index) = value, arena[index].kind == .tensor else { return false }
        let tensor = try? PickledTensor(name: name, node: index, arena: arena, bytes: bytes, file: file, part: part)
        guard let tensor else { return true }
        return (tensor.storage.dtype?.isFloatingPoint ?? true) && !tensor.shape.contains(0)
    }

    /// The function or class that a value names.
    func callable(_ value: PickleValue, _ bytes: RawSpan) -> String? {
        guard case .node(let index) = value, arena[index].kind == .global else { return nil }
        return arena.globalName(index, bytes).map { "\($0.module).\($0.name)" }
    }
}
