import Platform
import Synchronization

/// cfitsio: its functions, and the files that it has open. Calls are serialised, whether or not the library is thread-safe.
///
/// Files are opened by `fits_open_diskfile`, which takes a name literally: `fits_open_file` would interpret URLs, programs
/// and filters in it. Declarations follow fitsio.h (4.2); these functions and constants have been the same since version 3.
@safe final class CFitsio: @unchecked Sendable {
    // Sendable although it holds pointers: they are only used and changed with the lock held.
    typealias File = OpaquePointer
    typealias Status = UnsafeMutablePointer<Int32>
    typealias Open = @convention(c) (UnsafeMutablePointer<File?>, UnsafePointer<CChar>, Int32, Status) -> Int32
    typealias Close = @convention(c) (File, Status) -> Int32
    typealias Int32Of = @convention(c) (File, UnsafeMutablePointer<Int32>, Status) -> Int32
    typealias Int64Of = @convention(c) (File, UnsafeMutablePointer<Int64>, Status) -> Int32
    typealias Move = @convention(c) (File, Int32, UnsafeMutablePointer<Int32>?, Status) -> Int32
    typealias ImageSize = @convention(c) (File, Int32, UnsafeMutablePointer<Int64>, Status) -> Int32
    typealias TextKey =
        @convention(c) (
            File, UnsafePointer<CChar>, UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CChar>?, Status
        ) -> Int32
    typealias NumberKey =
        @convention(c) (File, UnsafePointer<CChar>, UnsafeMutablePointer<Double>, UnsafeMutablePointer<CChar>?, Status)
        -> Int32
    typealias ColumnType =
        @convention(c) (
            File, Int32, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int64>, Status
        ) -> Int32
    typealias ColumnShape =
        @convention(c) (File, Int32, Int32, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int64>, Status) -> Int32
    typealias Addresses =
        @convention(c) (
            File, UnsafeMutablePointer<Int64>?, UnsafeMutablePointer<Int64>?, UnsafeMutablePointer<Int64>?, Status
        ) -> Int32
    typealias ReadImage =
        @convention(c) (
            File, Int32, Int64, Int64, UnsafeRawPointer?, UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>, Status
        ) -> Int32
    typealias ReadSubset =
        @convention(c) (
            File, Int32, UnsafePointer<Int>, UnsafePointer<Int>, UnsafePointer<Int>, UnsafeRawPointer?,
            UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>, Status
        ) -> Int32
    typealias ReadColumn =
        @convention(c) (
            File, Int32, Int32, Int64, Int64, Int64, UnsafeRawPointer?, UnsafeMutableRawPointer,
            UnsafeMutablePointer<Int32>, Status
        ) -> Int32
    typealias ReadTexts =
        @convention(c) (
            File, Int32, Int64, Int64, Int64, UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
            UnsafeMutablePointer<Int32>, Status
        ) -> Int32
    typealias Words = @convention(c) (Int32, UnsafeMutablePointer<CChar>) -> Void
    typealias NextMessage = @convention(c) (UnsafeMutablePointer<CChar>) -> Int32

    /// The library's codes of types in memory.
    enum Memory: Int32 {
        case float32 = 42
        case float64 = 82
        case int64 = 81

        var byteCount: Int { self == .float32 ? 4 : 8 }
    }

    let unitCount: Int32Of
    let move: Move
    let imageType: Int32Of
    let imageRank: Int32Of
    let imageSize: ImageSize
    let isCompressed: Close
    let textKey: TextKey
    let numberKey: NumberKey
    let rowCount: Int64Of
    let columnCount: Int32Of
    /// The type of a column's values once they are scaled, and the type in which they are stored.
    let columnType: ColumnType
    let storedType: ColumnType
    let columnShape: ColumnShape
    let addresses: Addresses
    let readImage: ReadImage
    let readSubset: ReadSubset
    let readColumn: ReadColumn
    let readTexts: ReadTexts
    private let openFile: Open
    private let closeFile: Close
    private let words: Words
    private let nextMessage: NextMessage
    private let lock = Mutex(())
    /// The most recently used files, the last one at the end.
    private var open: [OpenFile] = []

    /// Each open file takes a descriptor and 115 kB of buffers, and a folder may contain a file for each of many galaxies.
    private static let mostOpen = 8

    @safe private struct OpenFile {
        /// Of its document, which closes the file before it is released.
        let id: ObjectIdentifier
        let local: LibraryFile
        let file: File
    }

    static let shared = Result { () throws(Failure) in try CFitsio() }

    private init() throws(Failure) {
        let library = try SharedLibrary(
            "cfitsio", files: ["libcfitsio.so.10", "libcfitsio.so", "libcfitsio.so.9"], package: "libcfitsio-dev")
        unsafe openFile = try library.symbol("ffdkopn", as: Open.self)
        unsafe closeFile = try library.symbol("ffclos", as: Close.self)
        unsafe unitCount = try library.symbol("ffthdu", as: Int32Of.self)
        unsafe move = try library.symbol("ffmahd", as: Move.self)
        unsafe imageType = try library.symbol("ffgidt", as: Int32Of.self)
        unsafe imageRank = try library.symbol("ffgidm", as: Int32Of.self)
        unsafe imageSize = try library.symbol("ffgiszll", as: ImageSize.self)
        unsafe isCompressed = try library.symbol("fits_is_compressed_image", as: Close.self)
        unsafe textKey = try library.symbol("ffgkys", as: TextKey.self)
        unsafe numberKey = try library.symbol("ffgkyd", as: NumberKey.self)
        unsafe rowCount = try library.symbol("ffgnrwll", as: Int64Of.self)
        unsafe columnCount = try library.symbol("ffgncl", as: Int32Of.self)
        unsafe columnType = try library.symbol("ffeqtyll", as: ColumnType.self)
        unsafe storedType = try library.symbol("ffgtclll", as: ColumnType.self)
        unsafe columnShape = try library.symbol("ffgtdmll", as: ColumnShape.self)
        unsafe addresses = try library.symbol("ffghadll", as: Addresses.self)
        unsafe readImage = try library.symbol("ffgpv", as: ReadImage.self)
        unsafe readSubset = try library.symbol("ffgsv", as: ReadSubset.self)
        unsafe readColumn = try library.symbol("ffgcv", as: ReadColumn.self)
        unsafe readTexts = try library.symbol("ffgcvs", as: ReadTexts.self)
        unsafe words = try library.symbol("ffgerr", as: Words.self)
        unsafe nextMessage = try library.symbol("ffgmsg", as: NextMessage.self)
    }

    /// Calls `body` with the open file of a document and its size in bytes (inflated), while the lock is held.
    func with<Result>(
        _ document: FITSDocument, _ body: (File, Int) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try lock.withLock { (_) throws(Failure) -> Result in
            if let index = open.firstIndex(where: { $0.id == ObjectIdentifier(document) }) {
                open.append(open.remove(at: index))
            } else {
                if open.count >= Self.mostOpen { close(0) }
                let local = try document.local()
                try FITSHeaders.check(local)
                var file: File?
                var status: Int32 = 0
                _ = unsafe openFile(&file, local.path, 0, &status)
                guard status == 0, let file = unsafe file else { throw failure(document, status, "cannot be opened") }
                local.forgetName()
                unsafe open.append(OpenFile(id: ObjectIdentifier(document), local: local, file: file))
            }
            guard let last = open.last else { throw failure(document, 0, "cannot be opened") }
            return try unsafe body(last.file, last.local.byteCount)
        }
    }

    /// Closes the file of a document. Reading the document opens it again.
    func close(_ document: FITSDocument) {
        lock.withLock { _ in
            if let index = open.firstIndex(where: { $0.id == ObjectIdentifier(document) }) { close(index) }
        }
    }

    private func close(_ index: Int) {
        var status: Int32 = 0
        _ = unsafe closeFile(open.remove(at: index).file, &status)
    }

    /// An error with the library's description of `status`; clears its stack of messages.
    func failure(_ document: FITSDocument, _ status: Int32, _ what: String) -> Failure {
        var text = [CChar](repeating: 0, count: 128)
        unsafe words(status, &text)
        var message = [CChar](repeating: 0, count: 256)
        while unsafe nextMessage(&message) != 0 {}
        return Failure(document.name, "FITS: \(what): \(String(zeroTerminated: text)) (cfitsio's status \(status))")
    }
}
