import Glibc
import Platform
import Synchronization

/// libhdf5: its functions, and the files that it has open. Calls are serialised: as Debian builds it, the library is not
/// thread-safe.
///
/// Only built-in filters are used: no plugin is loaded for a file. Declarations follow hdf5.h (1.10); later versions have
/// the same functions except H5Lget_info, and only the first field of its structure is read.
@safe final class HDF5Library: @unchecked Sendable {
    // Sendable although it holds addresses, which never change, and a list, which is only used with the lock held.
    /// An object of the library; negative where it is invalid.
    typealias ID = Int64
    typealias Close = @convention(c) (ID) -> Int32
    typealias Make = @convention(c) (ID) -> ID
    typealias Named = @convention(c) (ID, UnsafePointer<CChar>, ID) -> ID
    typealias Size = @convention(c) (ID) -> Int
    typealias OpenFile = @convention(c) (UnsafePointer<CChar>, UInt32, ID) -> ID
    typealias GroupInfo = @convention(c) (ID, UnsafeMutableRawPointer) -> Int32
    typealias LinkName =
        @convention(c) (ID, UnsafePointer<CChar>, Int32, Int32, UInt64, UnsafeMutablePointer<CChar>?, Int, ID) -> Int
    typealias LinkInfo = @convention(c) (ID, UnsafePointer<CChar>, UnsafeMutableRawPointer, ID) -> Int32
    typealias Extent = @convention(c) (ID, UnsafeMutablePointer<UInt64>?, UnsafeMutablePointer<UInt64>?) -> Int32
    typealias Chunk = @convention(c) (ID, Int32, UnsafeMutablePointer<UInt64>) -> Int32
    typealias Filter =
        @convention(c) (
            ID, UInt32, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Int>, UnsafeMutablePointer<UInt32>?, Int,
            UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<UInt32>?
        ) -> Int32
    /// Of a dataset and the first element of a chunk: filters, address and bytes of the chunk.
    typealias ChunkPlace =
        @convention(c) (
            ID, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt64>,
            UnsafeMutablePointer<UInt64>
        ) -> Int32
    typealias HasFilter = @convention(c) (Int32) -> Int32
    typealias MakeSpace = @convention(c) (Int32, UnsafePointer<UInt64>, UnsafePointer<UInt64>?) -> ID
    typealias Select =
        @convention(c) (
            ID, Int32, UnsafePointer<UInt64>, UnsafePointer<UInt64>?, UnsafePointer<UInt64>, UnsafePointer<UInt64>?
        ) -> Int32
    typealias Read = @convention(c) (ID, ID, ID, ID, ID, UnsafeMutableRawPointer) -> Int32
    typealias Cache = @convention(c) (ID, Int, Int, Double) -> Int32
    typealias SetSize = @convention(c) (ID, Int) -> Int32
    typealias SetKind = @convention(c) (ID, Int32) -> Int32
    typealias Quiet = @convention(c) (ID, UnsafeRawPointer?, UnsafeRawPointer?) -> Int32
    typealias SetLocking = @convention(c) (ID, Bool, Bool) -> Int32

    let groupInfo: GroupInfo
    let linkName: LinkName
    let linkInfo: LinkInfo
    let openObject: Named
    let closeObject: Close
    let kind: Close
    let space: Make
    let type: Make
    let creation: Make
    let rank: Close
    let extent: Extent
    let typeClass: Close
    let typeSize: Size
    let sign: Close
    let characters: Close
    let isVariable: Close
    let layout: Close
    let externalCount: Close
    let filterCount: Close
    let filter: Filter
    let hasFilter: HasFilter
    let chunk: Chunk
    let openDataset: Named
    let makeSpace: MakeSpace
    let select: Select
    let read: Read
    let offset: @convention(c) (ID) -> UInt64
    /// nil in versions before 1.10.5.
    let chunkPlace: ChunkPlace?
    let makeList: Make
    let setCache: Cache
    let copyType: Make
    let setSize: SetSize
    let setCharacters: SetKind
    let setPadding: SetKind
    let closeType: Close
    let closeSpace: Close
    let closeList: Close
    let closeDataset: Close
    let closeFile: Close
    let native: (float32: ID, float64: ID, int64: ID, uint64: ID, text: ID)
    let lists: (fileAccess: ID, datasetAccess: ID, datasetCreation: ID)
    let writing: Writing
    private let openFile: OpenFile
    private let quiet: Quiet
    private let setLocking: SetLocking?
    private let lock = Mutex(())
    /// The most recently used files, the last one at the end.
    private var open: [Opened] = []

    private static let mostOpen = 4

    struct Opened {
        let id: ObjectIdentifier
        let local: LibraryFile
        let file: ID
        var datasets: [String: ID] = [:]
    }

    static let shared = Result { () throws(Failure) in try HDF5Library() }

    private init() throws(Failure) {
        // Variables that would replace parts of the library by plugins. It reads them when it starts.
        unsafe setenv("HDF5_PLUGIN_PRELOAD", "::", 1)
        for name in ["HDF5_VOL_CONNECTOR", "HDF5_DRIVER", "HDF5_PLUGIN_PATH"] { unsafe unsetenv(name) }
        let library = try SharedLibrary(
            "HDF5",
            files: [
                "libhdf5_serial.so.103", "libhdf5.so.103", "libhdf5_serial.so.310", "libhdf5.so.310",
                "libhdf5_serial.so", "libhdf5.so",
            ], package: "libhdf5-dev")
        typealias Start = @convention(c) () -> Int32
        typealias Plugins = @convention(c) (UInt32) -> Int32
        guard try library.symbol("H5open", as: Start.self)() >= 0,
            try library.symbol("H5PLset_loading_state", as: Plugins.self)(0) >= 0
        else { throw Failure("HDF5 cannot be started") }
        unsafe quiet = try library.symbol("H5Eset_auto2", as: Quiet.self)
        unsafe groupInfo = try library.symbol("H5Gget_info", as: GroupInfo.self)
        unsafe linkName = try library.symbol("H5Lget_name_by_idx", as: LinkName.self)
        if let first = unsafe library.optional("H5Lget_info1", as: LinkInfo.self) {
            unsafe linkInfo = first
        } else {
            unsafe linkInfo = try library.symbol("H5Lget_info", as: LinkInfo.self)
        }
        unsafe openObject = try library.symbol("H5Oopen", as: Named.self)
        closeObject = try library.symbol("H5Oclose", as: Close.self)
        kind = try library.symbol("H5Iget_type", as: Close.self)
        space = try library.symbol("H5Dget_space", as: Make.self)
        type = try library.symbol("H5Dget_type", as: Make.self)
        creation = try library.symbol("H5Dget_create_plist", as: Make.self)
        rank = try library.symbol("H5Sget_simple_extent_ndims", as: Close.self)
        unsafe extent = try library.symbol("H5Sget_simple_extent_dims", as: Extent.self)
        typeClass = try library.symbol("H5Tget_class", as: Close.self)
        typeSize = try library.symbol("H5Tget_size", as: Size.self)
        characters = try library.symbol("H5Tget_cset", as: Close.self)
        sign = try library.symbol("H5Tget_sign", as: Close.self)
        isVariable = try library.symbol("H5Tis_variable_str", as: Close.self)
        layout = try library.symbol("H5Pget_layout", as: Close.self)
        externalCount = try library.symbol("H5Pget_external_count", as: Close.self)
        filterCount = try library.symbol("H5Pget_nfilters", as: Close.self)
        unsafe filter = try library.symbol("H5Pget_filter2", as: Filter.self)
        hasFilter = try library.symbol("H5Zfilter_avail", as: HasFilter.self)
        unsafe chunk = try library.symbol("H5Pget_chunk", as: Chunk.self)
        unsafe openDataset = try library.symbol("H5Dopen2", as: Named.self)
        unsafe makeSpace = try library.symbol("H5Screate_simple", as: MakeSpace.self)
        unsafe select = try library.symbol("H5Sselect_hyperslab", as: Select.self)
        unsafe read = try library.symbol("H5Dread", as: Read.self)
        offset = try library.symbol("H5Dget_offset", as: (@convention(c) (ID) -> UInt64).self)
        unsafe chunkPlace = library.optional("H5Dget_chunk_info_by_coord", as: ChunkPlace.self)
        makeList = try library.symbol("H5Pcreate", as: Make.self)
        setCache = try library.symbol("H5Pset_chunk_cache", as: Cache.self)
        copyType = try library.symbol("H5Tcopy", as: Make.self)
        setSize = try library.symbol("H5Tset_size", as: SetSize.self)
        setPadding = try library.symbol("H5Tset_strpad", as: SetKind.self)
        setCharacters = try library.symbol("H5Tset_cset", as: SetKind.self)
        closeType = try library.symbol("H5Tclose", as: Close.self)
        closeSpace = try library.symbol("H5Sclose", as: Close.self)
        closeList = try library.symbol("H5Pclose", as: Close.self)
        closeDataset = try library.symbol("H5Dclose", as: Close.self)
        closeFile = try library.symbol("H5Fclose", as: Close.self)
        unsafe openFile = try library.symbol("H5Fopen", as: OpenFile.self)
        setLocking = library.optional("H5Pset_file_locking", as: SetLocking.self)
        native = (
            try library.constant("H5T_NATIVE_FLOAT_g"), try library.constant("H5T_NATIVE_DOUBLE_g"),
            try library.constant("H5T_NATIVE_LLONG_g"), try library.constant("H5T_NATIVE_ULLONG_g"),
            try library.constant("H5T_C_S1_g")
        )
        lists = (
            try library.constant("H5P_CLS_FILE_ACCESS_ID_g"), try library.constant("H5P_CLS_DATASET_ACCESS_ID_g"),
            try library.constant("H5P_CLS_DATASET_CREATE_ID_g")
        )
        writing = try Writing(library)
    }

    /// Calls `body` while the lock is held.
    func locked<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try lock.withLock { (_) throws(Failure) -> Result in
            // Errors are returned, not printed. The setting belongs to the thread.
            _ = quiet(0, nil, nil)
            return try body()
        }
    }

    /// Access properties without file locks, which some file systems do not support. Neither a file that is only read nor a
    /// new one with a temporary name needs them. The caller closes the list.
    func unlockedAccess() -> ID {
        let access = makeList(lists.fileAccess)
        _ = setLocking?(access, false, true)
        return access
    }

    /// Calls `body` with the open file of a document, while the lock is held.
    func with<Result>(
        _ document: HDF5Document, _ body: (inout Opened) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try locked { () throws(Failure) -> Result in
            if let index = open.firstIndex(where: { $0.id == ObjectIdentifier(document) }) {
                open.append(open.remove(at: index))
            } else {
                if open.count >= Self.mostOpen { close(0) }
                let local = try document.local()
                let access = unlockedAccess()
                defer { _ = closeList(access) }
                let file = unsafe openFile(local.path, 0, access)
                guard file >= 0 else {
                    throw Failure(document.name, "HDF5: cannot be opened: it is damaged, or being written to")
                }
                local.forgetName()
                open.append(Opened(id: ObjectIdentifier(document), local: local, file: file))
            }
            return try body(&open[open.count - 1])
        }
    }

    /// Closes the file of a document. Reading the document opens it again.
    func close(_ document: HDF5Document) {
        lock.withLock { _ in
            if let index = open.firstIndex(where: { $0.id == ObjectIdentifier(document) }) { close(index) }
        }
    }

    private func close(_ index: Int) {
        let opened = open.remove(at: index)
        for dataset in opened.datasets.values { _ = closeDataset(dataset) }
        _ = closeFile(opened.file)
    }
}
