import Platform

/// NumPy's `.npy` (versions 1 to 3) and `.npz`, a zip archive of them. Fields of a record array are tensors and columns of
/// their own: `labels.z` of the array `labels`, `z` of an `.npy`.
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
enum NumPyFile {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Records of a thousand fields need less, 64 axes of 20 digits too.
    private static let maximumHeader = 32_768

    static func read(_ source: some ByteSource) throws(Failure) -> TensorFile {
        let range = 0..<source.byteCount
        let arrays = try source.withBytes(in: range.prefix(maximumHeader)) { (head: RawSpan) throws(Failure) in
            try Self.arrays("", head, source, range)
        }
        guard !arrays.tensors.isEmpty else {
            throw Failure(source.name, arrays.refusals[""] ?? "expected numbers, found texts")
        }
        return TensorFile(
            name: source.name, format: .npy, byteCount: source.byteCount, tensors: arrays.tensors, texts: arrays.texts,
            refusals: arrays.refusals)
    }

    /// Whether the archive contains arrays.
    static func matches(_ archive: ZipArchive) -> Bool { archive.entries.contains { $0.name.hasSuffix(".npy") } }

    static func read(_ archive: ZipArchive) throws(Failure) -> TensorFile {
        var all = NumPyArrays()
        var members: [ZipMember] = []
        for entry in archive.entries where entry.name.hasSuffix(".npy") {
            let member = archive.member(entry)
            all += try member.withHead(maximumHeader) { (head: RawSpan) throws(Failure) in
                try arrays(String(entry.name.dropLast(4)), head, member.source, member.range)
            }
            members.append(member)
        }
        return TensorFile(
            name: archive.source.name, format: .npz, byteCount: archive.source.byteCount, tensors: all.tensors,
            texts: all.texts, refusals: all.refusals, members: members)
    }

    /// The array that fills `range` of `source` and begins with `bytes`. Its header has to account for every byte, so that
    /// a deflated array never takes more memory than its shape declares.
    private static func arrays(
        _ name: String, _ bytes: RawSpan, _ source: some ByteSource, _ range: Range<Int>
    ) throws(Failure) -> NumPyArrays {
        func failure(_ what: String) -> Failure {
            Failure(source.name, name.isEmpty ? what : "array \(name.quoted): \(what)")
        }
        guard bytes.starts(with: magic), bytes.byteCount >= 10 else { throw failure("is not a .npy array") }
        let (start, length): (Int, Int)
        switch bytes.byte(at: 6) {
        case 1: (start, length) = (10, Int(bytes.uint16(at: 8)))
        case 2, 3:
            guard bytes.byteCount >= 12 else { throw failure("ends in its header") }
            (start, length) = (12, Int(bytes.uint32(at: 8)))
        case let version: return NumPyArrays(refusals: [name: ".npy version \(version), 1 to 3 are known"])
        }
        guard length <= range.count - start else {
            throw failure("header of \(length) bytes, \(range.count - start) bytes are left")
        }
        guard length <= bytes.byteCount - start else {
            return NumPyArrays(refusals: [name: "header of \(length) bytes, at most \(maximumHeader) are read"])
        }
        let header = try NumPyHeader(bytes.extracting(start..<start + length)) { failure($0) }
        let dataStart = range.lowerBound + start + length
        // The data of some of these types is not as long as their elements: they may be pickled.
        if case .refused(let reason, _) = header.element { return NumPyArrays(refusals: [name: reason]) }
        guard let elementSize = header.element.byteCount else { return NumPyArrays() }
        let axes = header.isColumnMajor ? header.shape.reversed() : header.shape
        guard let (rowMajor, _, needed) = TensorLayout.dense(axes, elementSize: elementSize) else {
            throw failure("shape \(header.shape) overflows")
        }
        guard needed == range.upperBound - dataStart else {
            throw failure(
                "\(header.element.name) \(header.shape) needs \(needed) bytes, has \(range.upperBound - dataStart)")
        }
        let array = NumPyArray(
            name: name, shape: header.shape, strides: header.isColumnMajor ? rowMajor.reversed() : rowMajor,
            isColumnMajor: header.isColumnMajor, source: source, start: dataStart)
        return array.contents(header.element, elementSize)
    }
}
