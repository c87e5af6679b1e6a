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
    typealias SetKind = @convention(c) (ID, Int32) -> Int32
    typealias Text = UnsafePointer<CChar>
    typealias Buffer = UnsafeMutablePointer<CChar>
    typealias Numbers = UnsafePointer<UInt64>
    typealias Out = UnsafeMutablePointer
    typealias Fields = UnsafeMutableRawPointer
    typealias LinkInfo = @convention(c) (ID, Text, Fields, ID) -> Int32

    let groupInfo: @convention(c) (ID, Fields) -> Int32
    let linkName: @convention(c) (ID, Text, Int32, Int32, UInt64, Buffer?, Int, ID) -> Int
    let linkInfo: LinkInfo
    let openObject: Named
    let closeObject: Close
    let kind: Close
    let space: Make
    let type: Make
    let creation: Make
    let rank: Close
    let extent: @convention(c) (ID, Out<UInt64>?, Out<UInt64>?) -> Int32
    let typeClass: Close
    let typeSize: @convention(c) (ID) -> Int
    let sign: Close
    let characters: Close
    let isVariable: Close
    let layout: Close
    let externalCount: Close
    let filterCount: Close
    let filter: @convention(c) (ID, UInt32, Out<UInt32>, Out<Int>, Out<UInt32>?, Int, Buffer?, Out<UInt32>?) -> Int32
    let hasFilter: @convention(c) (Int32) -> Int32
    let chunk: @convention(c) (ID, Int32, Out<UInt64>) -> Int32
    let openDataset: Named
    let makeSpace: @convention(c) (Int32, Numbers, Numbers?) -> ID
    let select: @convention(c) (ID, Int32, Numbers, Numbers?, Numbers, Numbers?) -> Int32
    let read: @convention(c) (ID, ID, ID, ID, ID, Fields) -> Int32
    let offset: @convention(c) (ID) -> UInt64
    /// Of a dataset and the first element of a chunk: filters, address and bytes of the chunk. nil in versions before
    /// 1.10.5.
    let chunkPlace: (@convention(c) (ID, Numbers, Out<UInt32>, Out<UInt64>, Out<UInt64>) -> Int32)?
    let makeList: Make
    let setCache: @convention(c) (ID, Int, Int, Double) -> Int32
    let copyType: Make
    let setSize: @convention(c) (ID, Int) -> Int32
    let setCharacters: SetKind
    let setPadding: SetKind
    let closeType: Close
    let closeSpace: Close
    let closeList: Close
    let closeDataset: Close
    let closeFile: Close
    let makeFile: @convention(c) (Text, UInt32, ID, ID) -> ID
    let makeDataset: @convention(c) (ID, Text, ID, ID, ID, ID, ID) -> ID
    let write: @convention(c) (ID, ID, ID, ID, ID, UnsafeRawPointer) -> Int32
    let makeAttribute: @convention(c) (ID, Text, ID, ID, ID, ID) -> ID
    let writeAttribute: @convention(c) (ID, ID, UnsafeRawPointer) -> Int32
    let closeAttribute: Close
    let setTimes: @convention(c) (ID, Bool) -> Int32
    let attributes: HDF5AttributeCalls
    /// Types of numbers in memory and in files.
    let native: (float32: ID, float64: ID, int64: ID, uint64: ID, text: ID)
    let stored: (float32: ID, float64: ID, int64: ID)
    let lists: (fileAccess: ID, datasetAccess: ID, datasetCreation: ID)
    private let openFile: @convention(c) (Text, UInt32, ID) -> ID
    private let quiet: @convention(c) (ID, UnsafeRawPointer?, UnsafeRawPointer?) -> Int32
    private let setLocking: (@convention(c) (ID, Bool, Bool) -> Int32)?
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

    private static let loaded = Result { () throws(Failure) in try HDF5Library() }

    /// - Parameter name: of the file that needs the library, for errors.
    static func shared(for name: String) throws(Failure) -> HDF5Library {
        do { return try loaded.get() } catch { throw Failure(name, "HDF5: \(error.message)") }
    }

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
        unsafe quiet = try library.symbol("H5Eset_auto2")
        unsafe groupInfo = try library.symbol("H5Gget_info")
        unsafe linkName = try library.symbol("H5Lget_name_by_idx")
        if let first = unsafe library.optional("H5Lget_info1", as: LinkInfo.self) {
            unsafe linkInfo = first
        } else {
            unsafe linkInfo = try library.symbol("H5Lget_info")
        }
        unsafe openObject = try library.symbol("H5Oopen")
        closeObject = try library.symbol("H5Oclose")
        kind = try library.symbol("H5Iget_type")
        space = try library.symbol("H5Dget_space")
        type = try library.symbol("H5Dget_type")
        creation = try library.symbol("H5Dget_create_plist")
        rank = try library.symbol("H5Sget_simple_extent_ndims")
        unsafe extent = try library.symbol("H5Sget_simple_extent_dims")
        typeClass = try library.symbol("H5Tget_class")
        typeSize = try library.symbol("H5Tget_size")
        characters = try library.symbol("H5Tget_cset")
        sign = try library.symbol("H5Tget_sign")
        isVariable = try library.symbol("H5Tis_variable_str")
        layout = try library.symbol("H5Pget_layout")
        externalCount = try library.symbol("H5Pget_external_count")
        filterCount = try library.symbol("H5Pget_nfilters")
        unsafe filter = try library.symbol("H5Pget_filter2")
        hasFilter = try library.symbol("H5Zfilter_avail")
        unsafe chunk = try library.symbol("H5Pget_chunk")
        unsafe openDataset = try library.symbol("H5Dopen2")
        unsafe makeSpace = try library.symbol("H5Screate_simple")
        unsafe select = try library.symbol("H5Sselect_hyperslab")
        unsafe read = try library.symbol("H5Dread")
        offset = try library.symbol("H5Dget_offset")
        unsafe chunkPlace = library.optional("H5Dget_chunk_info_by_coord")
        makeList = try library.symbol("H5Pcreate")
        setCache = try library.symbol("H5Pset_chunk_cache")
        copyType = try library.symbol("H5Tcopy")
        setSize = try library.symbol("H5Tset_size")
        setPadding = try library.symbol("H5Tset_strpad")
        setCharacters = try library.symbol("H5Tset_cset")
        closeType = try library.symbol("H5Tclose")
        closeSpace = try library.symbol("H5Sclose")
        closeList = try library.symbol("H5Pclose")
        closeDataset = try library.symbol("H5Dclose")
        closeFile = try library.symbol("H5Fclose")
        unsafe openFile = try library.symbol("H5Fopen")
        setLocking = library.optional("H5Pset_file_locking")
        native = (
            try library.constant("H5T_NATIVE_FLOAT_g"), try library.constant("H5T_NATIVE_DOUBLE_g"),
            try library.constant("H5T_NATIVE_LLONG_g"), try library.constant("H5T_NATIVE_ULLONG_g"),
            try library.constant("H5T_C_S1_g")
        )
        lists = (
            try library.constant("H5P_CLS_FILE_ACCESS_ID_g"), try library.constant("H5P_CLS_DATASET_ACCESS_ID_g"),
            try library.constant("H5P_CLS_DATASET_CREATE_ID_g")
        )
        unsafe makeFile = try library.symbol("H5Fcreate")
        unsafe makeDataset = try library.symbol("H5Dcreate2")
        unsafe write = try library.symbol("H5Dwrite")
        unsafe makeAttribute = try library.symbol("H5Acreate2")
        unsafe writeAttribute = try library.symbol("H5Awrite")
        closeAttribute = try library.symbol("H5Aclose")
        setTimes = try library.symbol("H5Pset_obj_track_times")
        attributes = try HDF5AttributeCalls(library)
        stored = (
            try library.constant("H5T_IEEE_F32LE_g"), try library.constant("H5T_IEEE_F64LE_g"),
            try library.constant("H5T_STD_I64LE_g")
        )
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
