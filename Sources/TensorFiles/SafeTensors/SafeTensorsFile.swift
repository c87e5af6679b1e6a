import Platform

/// The safetensors format: the length of the header (8 bytes), a JSON header, then the data of the tensors without gaps.
/// Specification: https://github.com/huggingface/safetensors
enum SafeTensorsFile {
    /// Headers of real files are far shorter. The tables made of a header take several times its size.
    private static let maximumHeader = 4 << 20
    private static let maximumRank = 64

    /// Whether the first bytes may begin such a file.
    static func matches(_ head: RawSpan) -> Bool { head.byteCount >= 9 && head.byte(at: 8) == UInt8(ascii: "{") }

    static func read(_ source: some ByteSource) throws(Failure) -> TensorFile {
        let file = source.name
        let length = try source.withBytes(in: 0..<8) { (bytes: RawSpan) in bytes.uint64(at: 0) }
        guard length <= UInt64(source.byteCount - 8) else {
            throw Failure(file, "header of \(length) bytes, \(source.byteCount - 8) bytes are left")
        }
        guard length <= UInt64(maximumHeader) else {
            throw Failure(file, "header of \(length) bytes, \(maximumHeader) are read at most")
        }
        let headerEnd = 8 + Int(length)
        let header = try source.withBytes(in: 8..<headerEnd) { (bytes: RawSpan) throws(Failure) in
            try Header(bytes, file: file)
        }
        let tensors = try locate(header.tensors, after: headerEnd, in: source)
        let refused = header.tensors.filter { $0.dtype == nil }
        return TensorFile(
            name: file, format: .safetensors, byteCount: source.byteCount, tensors: tensors,
            refusals: Dictionary(
                refused.map { ($0.name, "dtype \($0.type.quoted) is not supported") }, uniquingKeysWith: { $1 }),
            metadata: header.metadata)
    }

    /// Checks that the tensors fill the data exactly, and returns them in the order of their data.
    private static func locate(
        _ entries: [Entry], after headerEnd: Int, in source: some ByteSource
    ) throws(Failure) -> [TensorView] {
        func failure(_ entry: Entry, _ what: String) -> Failure {
            Failure(source.name, "tensor \(entry.name.quoted): \(what)")
        }
        let dataCount = source.byteCount - headerEnd
        let ordered = entries.enumerated().sorted {
            ($0.element.begin, $0.element.end, $0.offset) < ($1.element.begin, $1.element.end, $1.offset)
        }
        var position = 0
        var tensors: [TensorView] = []
        tensors.reserveCapacity(entries.count)
        for (_, entry) in ordered {
            guard entry.end >= entry.begin, entry.end <= dataCount else {
                throw failure(entry, "data_offsets \(entry.begin)..<\(entry.end) in \(dataCount) bytes of data")
            }
            guard entry.begin == position else {
                throw failure(
                    entry,
                    "its data begins at \(entry.begin), the one before ends at \(position): "
                        + (entry.begin < position ? "they overlap" : "there is a gap"))
            }
            position = entry.end
            // The bytes of an element of another type are not known.
            guard let dtype = entry.dtype else { continue }
            guard let (strides, _, needed) = TensorLayout.dense(entry.shape, elementSize: dtype.byteCount) else {
                throw failure(entry, "shape \(entry.shape) overflows")
            }
            guard needed == entry.end - entry.begin else {
                throw failure(
                    entry,
                    "\(dtype.rawValue) \(entry.shape) needs \(needed) bytes, has \(entry.end - entry.begin)")
            }
            tensors.append(
                TensorView(
                    name: entry.name, dtype: dtype, shape: entry.shape, strides: strides,
                    byteOffset: headerEnd + entry.begin, source: source))
        }
        guard position == dataCount else {
            throw Failure(source.name, "\(dataCount - position) bytes after the last tensor belong to none")
        }
        return tensors
    }

    private struct Entry {
        let name: String
        /// nil for a type that is not read.
        let dtype: DType?
        let type: String
        let shape: [Int]
        let begin: Int
        let end: Int
    }

    private struct Header {
        var tensors: [Entry] = []
        var metadata: [String: String] = [:]

        init(_ bytes: RawSpan, file: String) throws(Failure) {
            var json = JSONScanner(file: file, part: "header")
            var names = Set<String>()
            try json.expect("{", bytes)
            if !json.take("}", bytes) {
                repeat {
                    let name = try json.string(bytes)
                    guard names.insert(name).inserted else { throw json.failure("\(name.quoted) appears twice") }
                    try json.expect(":", bytes)
                    if name == "__metadata__" {
                        metadata = try Self.metadata(&json, bytes)
                    } else {
                        tensors.append(try Self.entry(name, &json, bytes))
                    }
                } while try json.another(before: "}", bytes)
            }
            json.skipSpace(bytes)
            guard json.offset == bytes.byteCount else { throw json.failure("something follows the header's object") }
        }

        private static func metadata(_ json: inout JSONScanner, _ bytes: RawSpan) throws(Failure) -> [String: String] {
            var metadata: [String: String] = [:]
            try json.expect("{", bytes)
            if json.take("}", bytes) { return metadata }
            repeat {
                let key = try json.string(bytes)
                try json.expect(":", bytes)
                guard metadata.updateValue(try json.string(bytes), forKey: key) == nil else {
                    throw json.failure("\(key.quoted) appears twice in __metadata__")
                }
            } while try json.another(before: "}", bytes)
            return metadata
        }

        private static func entry(
            _ name: String, _ json: inout JSONScanner, _ bytes: RawSpan
        ) throws(Failure) -> Entry {
            var type: String?
            var shape: [Int]?
            var offsets: [Int]?
            try json.expect("{", bytes)
            repeat {
                let key = try json.string(bytes)
                try json.expect(":", bytes)
                switch key {
                case "dtype" where type == nil: type = try json.string(bytes)
                case "shape" where shape == nil: shape = try json.counts(limit: maximumRank, bytes)
                case "data_offsets" where offsets == nil: offsets = try json.counts(limit: 2, bytes)
                default: throw json.failure("tensor \(name.quoted): \(key.quoted) is unknown or appears twice")
                }
            } while try json.another(before: "}", bytes)
            guard let type, let shape, let offsets, offsets.count == 2 else {
                throw json.failure("tensor \(name.quoted): dtype, shape or data_offsets is missing")
            }
            return Entry(
                name: name, dtype: DType(rawValue: type), type: type, shape: shape, begin: offsets[0], end: offsets[1])
        }
    }
}
