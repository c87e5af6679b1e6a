import TensorFiles

extension TensorTable {
    private static let numPyTypes: [DType: String] = [
        .f64: "<f8", .f32: "<f4", .f16: "<f2", .i64: "<i8", .i32: "<i4", .i16: "<i2", .i8: "|i1", .u8: "|u1",
        .bool: "|b1",
    ]

    /// The tensors as an `.npz`.
    public func npz(deflated: Bool) -> ZipBuilder {
        ZipBuilder(
            entries.map { entry in
                let shape = entry.shape.map { "\($0)," }.joined(separator: " ")
                let header =
                    "{'descr': '\(Self.numPyTypes[entry.dtype] ?? "")', 'fortran_order': False, 'shape': (\(shape)), }\n"
                var member = ZipBuilder.Entry(entry.name + ".npy", ByteBuilder.npy(header, data: 0) + entry.bytes)
                if deflated { member.deflate() }
                return member
            })
    }

    /// A dictionary of the tensors in the format of `torch.save`, one storage for each.
    public func torch() -> ZipBuilder {
        var pickle = PickleBuilder()
        pickle.ops("}(")
        for (index, entry) in entries.enumerated() {
            let count = entry.shape.reduce(1, *)
            let strides = entry.shape.indices.map { entry.shape[($0 + 1)...].reduce(1, *) }
            pickle.text(entry.name)
            pickle.tensor(
                storage: entry.dtype == .f64 ? "DoubleStorage" : "FloatStorage", key: String(index), count: count,
                shape: entry.shape, strides: strides)
        }
        pickle.ops("u")
        return ZipBuilder.torch(pickle.stopped, storages: entries.map(\.bytes))
    }
}
