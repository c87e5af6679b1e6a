import Platform
import Synchronization

/// cfitsio: its functions, and the files that it has open. Calls are serialised, whether or not the library is thread-safe.
///
/// Files are opened by `fits_open_diskfile`, which takes a name literally: `fits_open_file` would interpret URLs, programs
/// and filters in it. Declarations follow fitsio.h (4.2); these functions and constants have been the same since version 3.
@safe final class CFitsio: @unchecked Sendable {
    // Sendable although it holds pointers: they are only used and changed with the lock held.
    typealias File = OpaquePointer
    typealias Out = UnsafeMutablePointer
    typealias Status = Out<Int32>
    typealias Buffer = Out<CChar>
    typealias Text = UnsafePointer<CChar>
    typealias Counts = UnsafePointer<Int>
    typealias Null = UnsafeRawPointer?
    typealias Values = UnsafeMutableRawPointer
    typealias Int32Of = @convention(c) (File, Out<Int32>, Status) -> Int32
    typealias ColumnType = @convention(c) (File, Int32, Out<Int32>, Out<Int64>, Out<Int64>, Status) -> Int32

    /// The library's code of a type in memory: f32, i64, u64 or f64.
    static func code(_ dtype: DType) -> Int32 {
        switch dtype {
        case .f32: 42
        case .i64: 81
        case .u64: 80
        default: 82
        }
    }

    let unitCount: Int32Of
    let move: @convention(c) (File, Int32, Out<Int32>?, Status) -> Int32
    let imageType: Int32Of
    let imageRank: Int32Of
    let imageSize: @convention(c) (File, Int32, Out<Int64>, Status) -> Int32
    let isCompressed: @convention(c) (File, Status) -> Int32
    let textKey: @convention(c) (File, Text, Buffer, Buffer?, Status) -> Int32
    let longTextKey: @convention(c) (File, Text, Out<Buffer?>, Buffer?, Status) -> Int32
    let numberKey: @convention(c) (File, Text, Out<Double>, Buffer?, Status) -> Int32
    let rowCount: @convention(c) (File, Out<Int64>, Status) -> Int32
    let columnCount: Int32Of
    /// The type of a column's values once they are scaled, and the type in which they are stored.
    let columnType: ColumnType
    let storedType: ColumnType
    let columnShape: @convention(c) (File, Int32, Int32, Out<Int32>, Out<Int64>, Status) -> Int32
    let addresses: @convention(c) (File, Out<Int64>?, Out<Int64>?, Out<Int64>?, Status) -> Int32
    let readImage: @convention(c) (File, Int32, Int64, Int64, Null, Values, Out<Int32>, Status) -> Int32
    let readSubset: @convention(c) (File, Int32, Counts, Counts, Counts, Null, Values, Out<Int32>, Status) -> Int32
    let readColumn: @convention(c) (File, Int32, Int32, Int64, Int64, Int64, Null, Values, Out<Int32>, Status) -> Int32
    let readTexts: @convention(c) (File, Int32, Int64, Int64, Int64, Text, Out<Buffer?>, Out<Int32>, Status) -> Int32
    private let openFile: @convention(c) (Out<File?>, Text, Int32, Status) -> Int32
    private let closeFile: @convention(c) (File, Status) -> Int32
    private let words: @convention(c) (Int32, Buffer) -> Void
    private let nextMessage: @convention(c) (Buffer) -> Int32
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

    private static let loaded = Result { () throws(Failure) in try CFitsio() }

    /// - Parameter name: of the file that needs the library, for errors.
    static func shared(for name: String) throws(Failure) -> CFitsio {
        do { return try loaded.get() } catch { throw Failure(name, "FITS: \(error.message)") }
    }

    private init() throws(Failure) {
        let library = try SharedLibrary(
            "cfitsio", files: ["libcfitsio.so.10", "libcfitsio.so", "libcfitsio.so.9"], package: "libcfitsio-dev")
        unsafe openFile = try library.symbol("ffdkopn")
        unsafe closeFile = try library.symbol("ffclos")
        unsafe unitCount = try library.symbol("ffthdu")
        unsafe move = try library.symbol("ffmahd")
        unsafe imageType = try library.symbol("ffgidt")
        unsafe imageRank = try library.symbol("ffgidm")
        unsafe imageSize = try library.symbol("ffgiszll")
        unsafe isCompressed = try library.symbol("fits_is_compressed_image")
        unsafe textKey = try library.symbol("ffgkys")
        unsafe longTextKey = try library.symbol("ffgkls")
        unsafe numberKey = try library.symbol("ffgkyd")
        unsafe rowCount = try library.symbol("ffgnrwll")
        unsafe columnCount = try library.symbol("ffgncl")
        unsafe columnType = try library.symbol("ffeqtyll")
        unsafe storedType = try library.symbol("ffgtclll")
        unsafe columnShape = try library.symbol("ffgtdmll")
        unsafe addresses = try library.symbol("ffghadll")
        unsafe readImage = try library.symbol("ffgpv")
        unsafe readSubset = try library.symbol("ffgsv")
        unsafe readColumn = try library.symbol("ffgcv")
        unsafe readTexts = try library.symbol("ffgcvs")
        unsafe words = try library.symbol("ffgerr")
        unsafe nextMessage = try library.symbol("ffgmsg")
    }

    /// Calls `body` with the open file of a document, and its bytes (inflated), while the lock is held.
    func with<Result>(
        _ document: FITSDocument, _ body: (File, LibraryFile) throws(Failure) -> Result
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
            return try unsafe body(last.file, last.local)
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
