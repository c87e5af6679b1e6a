/// Broken files of the other formats.
extension HostileFiles {
    // MARK: PyTorch before 1.6

    private static let magic: [UInt8] =
        [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19] + Array(".".utf8)

    /// A file of one float32 tensor of four elements, with parts replaced.
    public static func olderTorch(
        version: Int = 1001, littleEndian: Bool = true, keys: [String] = ["0"], count: UInt64 = 4, data: Int = 16
    ) -> [UInt8] {
        var number = PickleBuilder()
        number.int(version)
        var system = PickleBuilder()
        system.ops("}")
        system.text("little_endian")
        system.op(littleEndian ? 0x88 : 0x89)
        system.ops("s")
        var object = PickleBuilder()
        object.tensor(count: 4, shape: [4], strides: [1])
        var list = PickleBuilder()
        list.ops("](")
        for key in keys { list.text(key) }
        list.ops("e")
        var out = ByteBuilder()
        out.append(magic + number.stopped + system.stopped + object.stopped + list.stopped)
        out.append(count)
        out.append([UInt8](repeating: 0, count: data))
        return out.bytes
    }

    static let older: [HostileFile] =
        [20, 40, 80, 200].map { count in
            HostileFile("older: cut after \(count) bytes", "pt", "offset") { Array(olderTorch().prefix(count)) }
        } + [
            HostileFile("older: cut in a storage", "pt", "storage '0': 4 elements of F32") { olderTorch().dropLast() },
            HostileFile("older: another version", "pt", "1001 expected") { olderTorch(version: 7) },
            HostileFile("older: big-endian", "pt", "is big-endian") { olderTorch(littleEndian: false) },
            HostileFile("older: 2^63 elements", "pt", "9223372036854775808 elements") { olderTorch(count: 1 << 63) },
            HostileFile("older: fewer elements than the tensor", "pt", "has 8 bytes") { olderTorch(count: 2, data: 8) },
            HostileFile("older: missing storage", "pt", "storage '0' is missing") {
                olderTorch(keys: []).dropLast(24)
            },
            HostileFile("older: storage that is listed twice", "pt", "listed twice") { olderTorch(keys: ["0", "0"]) },
            HostileFile("older: unused storage", "pt", "the object does not use it") { olderTorch(keys: ["1"]) },
            HostileFile("older: bytes after the end", "pt", "3 bytes after the last storage") { olderTorch(data: 19) },
            HostileFile("oldest container", "pt", "oldest container (tar)") {
                Array("sys_info".utf8) + [UInt8](repeating: 0, count: 249) + Array("ustar".utf8)
                    + [UInt8](repeating: 0, count: 250)
            },
            HostileFile("plain pickle", "pt", "is a plain pickle") { [0x80, 2] + Array("}.".utf8) },
        ]

    // MARK: safetensors

    private static func safetensors(
        _ name: String, _ words: String, _ header: String, data: Int = 16, length: UInt64? = nil
    ) -> HostileFile {
        HostileFile("safetensors: \(name)", "safetensors", words) {
            var out = ByteBuilder()
            out.append(length ?? UInt64(header.utf8.count))
            out.append(header)
            out.append([UInt8](repeating: 0, count: data))
            return out.bytes
        }
    }

    private static func entry(
        _ name: String = "a", _ dtype: String = "F32", _ shape: String = "4", _ begin: Int = 0, _ end: Int = 16
    ) -> String { #""\#(name)":{"dtype":"\#(dtype)","shape":[\#(shape)],"data_offsets":[\#(begin),\#(end)]}"# }

    static let safetensors: [HostileFile] = [
        safetensors("header of 2^63 bytes", "header of 9223372036854775808 bytes", "{\(entry())}", length: 1 << 63),
        safetensors("header of 2^64 - 1 bytes", "header of 18446744073709551615 bytes", "{\(entry())}", length: .max),
        safetensors("header beyond the file", "header of 1000 bytes", "{\(entry())}", length: 1000),
        safetensors("header cut short", "expected", "{\(entry())}", length: 30),
        safetensors("header that does not end", "',' or '}' expected", "{\(entry())"),
        safetensors("text after the header", "follows the header", "{\(entry())}x"),
        safetensors("data cut short", "in 15 bytes of data", "{\(entry())}", data: 15),
        safetensors("bytes after the data", "1 bytes after the last tensor", "{\(entry())}", data: 17),
        safetensors("gap", "there is a gap", "{\(entry("a", "F32", "1", 0, 4)),\(entry("b", "F32", "2", 8, 16))}"),
        safetensors("overlap", "they overlap", "{\(entry("a", "F32", "3", 0, 12)),\(entry("b", "F32", "2", 8, 16))}"),
        safetensors("negative offset", "a whole number expected", "{\(entry("a", "F32", "4", 0, -1))}"),
        safetensors(
            "offsets in reverse", "data_offsets 16..<0", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#),
        safetensors(
            "name that appears twice", "'a' appears twice",
            "{\(entry("a", "F32", "2", 0, 8)),\(entry("a", "F32", "2", 8, 16))}"),
        safetensors("shape that does not match", "needs 12 bytes, has 16", "{\(entry("a", "F32", "3"))}"),
        safetensors(
            "shape that overflows", "overflows", "{\(entry("a", "F32", "4611686018427387904,4611686018427387904"))}"),
        safetensors("length beyond 64 bits", "beyond 64 bits", "{\(entry("a", "F32", "99999999999999999999"))}"),
        safetensors("unknown dtype", "dtype 'F8_E4M3' is not supported", "{\(entry("a", "F8_E4M3", "16"))}"),
        safetensors("unknown field", "'strides' is unknown", #"{"a":{"strides":[1]}}"#),
        safetensors("missing field", "is missing", #"{"a":{"dtype":"F32","shape":[4]}}"#),
        safetensors("fraction", "expected", #"{"a":{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}}"#),
        safetensors(
            "200,000 nested arrays", "whole number expected",
            #"{"a":{"shape":"# + String(repeating: "[", count: 200_000)),
        safetensors("metadata that is not a string", "expected", #"{"__metadata__":{"a":1}}"#, data: 0),
        safetensors("metadata that appears twice", "appears twice", #"{"__metadata__":{"a":"1","a":"2"}}"#, data: 0),
        safetensors("unknown escape", "unknown escape", #"{"\x":1}"#),
        safetensors("half a surrogate pair", "surrogate", #"{"\ud800":1}"#),
        HostileFile("safetensors: name of invalid UTF-8", "safetensors", "is not UTF-8") {
            [6, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":".utf8)
        },
    ]

    // MARK: NumPy

    private static func array(_ name: String, _ words: String, _ shape: String, data: Int = 16) -> HostileFile {
        HostileFile("npy: \(name)", "npy", words) {
            ByteBuilder.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }\n", data: data)
        }
    }

    static let arrays: [HostileFile] = [
        array("data cut short", "needs 16 bytes, has 15", "4,", data: 15),
        array("bytes after the data", "needs 16 bytes, has 17", "4,", data: 17),
        array("shape that overflows", "overflows", "4611686018427387904, 4611686018427387904"),
        array("bytes that overflow", "overflows", "4611686018427387904,"),
        array("length beyond 64 bits", "not a length within 64 bits", "99999999999999999999,"),
        array("negative length", "not a length", "-4,"),
        array("100 axes", "more than 64 axes", String(repeating: "1, ", count: 100)),
        HostileFile("npy: version 9", "npy", ".npy version 9") { ByteBuilder.npy("{}", version: 9) },
        HostileFile("npy: header beyond the file", "npy", "header of 60000 bytes") {
            ByteBuilder.npy("{}", length: 60_000)
        },
        HostileFile("npy: ends in its header", "npy", "is not a .npy array") { Array(ByteBuilder.npy("{}").prefix(8)) },
        HostileFile("npy: header that is a call", "npy", "expected before '__import__") {
            ByteBuilder.npy("__import__('os').system('echo never')\n")
        },
        HostileFile("npy: header without a shape", "npy", "is missing") {
            ByteBuilder.npy("{'descr': '<f4', 'fortran_order': False}\n")
        },
        HostileFile("npy: unknown key", "npy", "'order' is unknown") { ByteBuilder.npy("{'order': 'C'}\n") },
        HostileFile("npz: array cut short", "npz", "array 'a': F32 [4] needs 16 bytes, has 12") {
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n"
            return ZipBuilder([ZipBuilder.Entry("a.npy", ByteBuilder.npy(header, data: 12))]).bytes
        },
        HostileFile("npz: header of 40000 bytes", "npz", "header of 40000 bytes, at most 32768 are read") {
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"
            let padding = String(repeating: " ", count: 40_000 - header.utf8.count)
            return ZipBuilder([ZipBuilder.Entry("a.npy", ByteBuilder.npy(header + padding))]).bytes
        },
        HostileFile("npz: bomb whose header agrees with it", "npz", "beyond the 50331648 bytes allowed") {
            var bomb = ZipBuilder.Entry("images.npy", [])
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2560, 5, 32, 32), }\n"
            bomb.data = ZipBuilder.deflatedStored(ByteBuilder.npy(header, data: 1000))
            bomb.method = 8
            bomb.compressedSize = UInt32(bomb.data.count)
            bomb.size = UInt32(ByteBuilder.npy(header, data: 0).count + 2560 * 20_480)
            return ZipBuilder([bomb]).bytes
        },
        HostileFile("npz: deflated array with another size", "npz", "needs 4000 bytes, has 400000") {
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000,), }\n"
            var member = ZipBuilder.Entry("a.npy", ByteBuilder.npy(header, data: 400_000))
            member.deflate()
            return ZipBuilder([member]).bytes
        },
        HostileFile("npz: member that is not an array", "npz", "array 'a': is not a .npy array") {
            ZipBuilder([ZipBuilder.Entry("a.npy", Array("text".utf8))]).bytes
        },
    ]
}
