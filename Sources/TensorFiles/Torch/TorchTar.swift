import Platform

/// PyTorch's container before 0.1.10: a tar archive of `sys_info`, `pickle`, `tensors` and `storages`.
enum TorchTar {
    private static let members: Set<String> = ["sys_info", "pickle", "tensors", "storages"]
    private static let blockSize = 512

    /// Whether the first member of a tar archive is one of PyTorch's.
    static func matches(_ source: some ByteSource) throws(Failure) -> Bool {
        try source.withBytes(in: 0..<min(blockSize, source.byteCount)) { (bytes: RawSpan) in
            let end = min(100, bytes.byteCount)
            let name = bytes.text(0..<(bytes.firstIndex(of: 0, in: 0..<end) ?? end))
            return members.contains(name.hasPrefix("./") ? String(name.dropFirst(2)) : name)
        }
    }
}
