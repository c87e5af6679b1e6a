import Platform

/// Functions of libhdf5 that read attributes and fill values.
@safe struct HDF5AttributeCalls: @unchecked Sendable {
    // Sendable although it holds addresses of functions: they never change.
    typealias ID = HDF5Library.ID
    private typealias Text = UnsafePointer<CChar>

    private let exists: @convention(c) (ID, Text) -> Int32
    private let open: @convention(c) (ID, Text, ID) -> ID
    private let space: HDF5Library.Make
    private let type: HDF5Library.Make
    private let points: HDF5Library.Make
    private let read: @convention(c) (ID, ID, UnsafeMutableRawPointer) -> Int32
    private let fillStatus: @convention(c) (ID, UnsafeMutablePointer<Int32>) -> Int32
    private let fill: @convention(c) (ID, ID, UnsafeMutableRawPointer) -> Int32
    private let version:
        @convention(c) (
            UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>
        ) -> Int32

    private static let mostNumbers: Int64 = 16
    private static let mostCharacters = 1 << 16

    init(_ library: SharedLibrary) throws(Failure) {
        unsafe exists = try library.symbol("H5Aexists")
        unsafe open = try library.symbol("H5Aopen")
        space = try library.symbol("H5Aget_space")
        type = try library.symbol("H5Aget_type")
        points = try library.symbol("H5Sget_simple_extent_npoints")
        unsafe read = try library.symbol("H5Aread")
        unsafe fillStatus = try library.symbol("H5Pfill_value_defined")
        unsafe fill = try library.symbol("H5Pget_fill_value")
        unsafe version = try library.symbol("H5get_libversion")
    }

    /// Whether an object has an attribute of that name.
    func has(_ name: String, _ object: ID) -> Bool { unsafe exists(object, name) > 0 }

    /// The numbers of an attribute; nil where it is missing, empty where it has other contents, or more than a few.
    func numbers(_ name: String, of object: ID, _ library: HDF5Library) -> [Double]? {
        guard has(name, object) else { return nil }
        let attribute = unsafe open(object, name, 0)
        guard attribute >= 0 else { return [] }
        let (space, type) = (space(attribute), type(attribute))
        defer {
            _ = library.closeSpace(space)
            _ = library.closeType(type)
            _ = library.closeAttribute(attribute)
        }
        let count = points(space)
        // Integers and floating-point numbers.
        guard [0, 1].contains(library.typeClass(type)), (1...Self.mostNumbers).contains(count) else { return [] }
        var numbers = [Double](repeating: 0, count: Int(count))
        return unsafe read(attribute, library.native.float64, &numbers) >= 0 ? numbers : []
    }

    /// The string of an attribute, of fixed length; nil where it is missing, or has other contents.
    func text(_ name: String, of object: ID, _ library: HDF5Library) -> String? {
        guard has(name, object) else { return nil }
        let attribute = unsafe open(object, name, 0)
        guard attribute >= 0 else { return nil }
        let (space, type) = (space(attribute), type(attribute))
        defer {
            _ = library.closeSpace(space)
            _ = library.closeType(type)
            _ = library.closeAttribute(attribute)
        }
        let size = library.typeSize(type)
        guard library.typeClass(type) == 3, library.isVariable(type) == 0, points(space) == 1,
            (1...Self.mostCharacters).contains(size)
        else { return nil }
        var characters = [UInt8](repeating: 0, count: size)
        guard unsafe read(attribute, type, &characters) >= 0 else { return nil }
        return String(padded: characters[...])
    }

    /// The fill value of a dataset that its writer has defined; nil for the library's own.
    /// - Parameter list: its creation properties.
    func definedFill(_ list: ID, _ library: HDF5Library) -> Double? {
        var status: Int32 = 0
        guard unsafe fillStatus(list, &status) >= 0, status == 2 else { return nil }
        var value = 0.0
        return unsafe fill(list, library.native.float64, &value) >= 0 ? value : nil
    }

    /// Whether `H5Dget_chunk_info_by_coord` leaves out the bytes before the file's superblock: versions up to 1.12.
    var omitsUserBlock: Bool {
        var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
        guard unsafe version(&major, &minor, &release) >= 0 else { return false }
        return major == 1 && minor <= 12
    }
}
