import Glibc

/// An open file for a C library that opens what it reads by a path: `/proc/self/fd/N`, whatever the file is called. No name
/// that a user gives reaches a library that would find more than a path in it.
package final class LibraryFile: Sendable {
    /// Name in error messages.
    package let name: String
    private let descriptor: Int32
    package let byteCount: Int
    /// Bytes without the zeros that fill the last block.
    package let contentCount: Int
    /// Set where the library needs a path of its own.
    private let copy: TemporaryFile?

    /// The path to open: the copy's own until `forgetName`, where the copy has a name.
    package var path: String { copy?.path ?? "/proc/self/fd/\(descriptor)" }

    /// The file that `source` maps, or a temporary copy of the bytes of any other source.
    /// - Parameters:
    ///   - isGzip: whether the bytes are to be inflated.
    ///   - blockSize: where the bytes end within a block of that size, a copy is made whose last block is filled with
    ///     zeros.
    ///   - isNamed: whether a copy keeps its name until `forgetName`: for a library that opens no file without one.
    package init(
        _ source: any ByteSource, isGzip: Bool = false, blockSize: Int = 1, isNamed: Bool = false
    ) throws(Failure) {
        name = source.name
        if !isGzip, source is MappedFile, source.byteCount.isMultiple(of: blockSize) {
            descriptor = unsafe open(source.name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { throw Failure(source.name, "cannot be opened", SystemError()) }
            byteCount = source.byteCount
            contentCount = byteCount
            copy = nil
            return
        }
        let file = TemporaryFile()
        func failure(_ error: SystemError) -> Failure {
            Failure(source.name, "cannot be copied to a temporary file in \(TemporaryFile.folder())", error)
        }
        descriptor = try file.create(or: failure)
        if !isNamed { file.remove() }
        copy = isNamed ? file : nil
        var written = 0
        let descriptor = descriptor
        func write(_ piece: RawSpan) throws(Failure) {
            try FileCalls.write(piece, to: descriptor, or: failure)
            written += piece.byteCount
        }
        do throws(Failure) {
            if isGzip {
                try Gzip.inflate(source) { (piece: RawSpan) throws(Failure) in
                    try write(piece)
                    return true
                }
            } else {
                try source.forEachPiece { (piece: RawSpan) throws(Failure) in try write(piece) }
            }
            contentCount = written
            let fill = [UInt8](repeating: 0, count: (blockSize - written % blockSize) % blockSize)
            try write(fill.span.rawSpan)
        } catch {
            close(descriptor)
            throw error
        }
        byteCount = written
    }

    deinit { close(descriptor) }

    /// Up to `count` bytes from `offset` on; fewer where the file ends.
    package func read(_ count: Int, at offset: Int) throws(Failure) -> [UInt8] {
        try FileCalls.read(descriptor, at: offset, count: count) { Failure(name, "cannot be read", $0) }
    }

    /// Removes a copy's name, once the library has the file open.
    package func forgetName() { copy?.remove() }
}
