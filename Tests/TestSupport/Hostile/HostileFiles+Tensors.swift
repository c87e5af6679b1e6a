/// Tensors that do not fit their storages, in a valid pickle and archive.
extension HostileFiles {
    private static let sixteen = [UInt8](repeating: 0, count: 16)

    private static func tensor(
        _ name: String, _ words: String, storage: String = "FloatStorage", count: Int = 4, offset: Int = 0,
        shape: [Int], strides: [Int], storages: [[UInt8]] = [sixteen]
    ) -> HostileFile {
        torch("tensor: \(name)", words, storages: storages) {
            $0.tensor(storage: storage, count: count, offset: offset, shape: shape, strides: strides)
        }
    }

    static let tensors: [HostileFile] = [
        tensor("shape beyond its storage", "reach beyond the 4 elements", shape: [5], strides: [1]),
        tensor("offset beyond its storage", "reach beyond the 4 elements", offset: 3, shape: [2], strides: [1]),
        tensor("strides beyond its storage", "reach beyond the 4 elements", shape: [2, 2], strides: [3, 1]),
        tensor("shape that overflows", "overflows", shape: [1 << 40, 1 << 40], strides: [0, 0]),
        tensor(
            "shape that overflows beside an empty axis", "overflows", shape: [0, 1 << 40, 1 << 40], strides: [0, 0, 0]),
        tensor("strides that overflow", "overflows", shape: [3, 3], strides: [.max, .max]),
        tensor("offset that overflows", "reach beyond", offset: .max, shape: [2], strides: [1]),
        tensor("negative length", "is negative or overflows", shape: [-1], strides: [1]),
        tensor("negative stride", "is negative or overflows", shape: [2], strides: [-1]),
        tensor("negative offset", "of the wrong type", offset: -1, shape: [1], strides: [1]),
        tensor("negative storage", "described in an unknown way", count: -4, shape: [1], strides: [1]),
        tensor("strides of another rank", "one per axis", shape: [2, 2], strides: [1]),
        tensor(
            "1,000 axes", "one per axis", shape: .init(repeating: 1, count: 1000),
            strides: .init(repeating: 1, count: 1000)),
        tensor("one element expanded to 2^40", "expands 4 elements", shape: [1 << 40], strides: [0]),
        tensor(
            "one pixel expanded to 2^40 galaxies", "expands 4 elements", shape: [1 << 40, 5, 32, 32],
            strides: [0, 0, 0, 0]),
        tensor(
            "storage shorter than declared", "storage '0' has 16 bytes, needs 1024 elements", count: 1024,
            shape: [1024],
            strides: [1]),
        tensor("storage of 2^62 elements", "has 16 bytes", count: 1 << 62, shape: [1], strides: [1]),
        tensor("storage that is missing", "entry 'data/0' is missing", shape: [4], strides: [1], storages: []),
        tensor(
            "unknown element type", "'torch.QInt8Storage' is not supported", storage: "QInt8Storage", shape: [4],
            strides: [1]),
        torch("tensor: length of 2^63", "not integers within bounds", storages: [sixteen]) {
            $0.global("torch._utils", "_rebuild_tensor_v2")
            $0.ops("(")
            $0.persistentStorage("FloatStorage", key: "0", count: 4)
            $0.int(0)
            $0.op(0x8A, [9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0])
            $0.op(0x85)
            $0.ints([1])
            $0.ops("tR")
        },
        torch("tensor: two of one name", "two tensors have this name", storages: [sixteen]) {
            $0.ops("}(")
            for _ in 0..<2 {
                $0.text("weight")
                $0.tensor(count: 4, shape: [4], strides: [1])
            }
            $0.ops("u")
        },
        torch("tensor: storage key of 100,000 bytes", "described in an unknown way") {
            $0.tensor(key: String(repeating: "0", count: 100_000), count: 1, shape: [1], strides: [1])
        },
        torch("tensor: no storage at all", "storage and offset are missing") {
            $0.global("torch._utils", "_rebuild_tensor_v2")
            $0.ops(")R")
        },
    ]
}
