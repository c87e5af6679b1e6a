import Platform

extension HDF5Library {
    /// The functions that write files.
    @safe struct Writing {
        typealias MakeFile = @convention(c) (UnsafePointer<CChar>, UInt32, ID, ID) -> ID
        typealias MakeDataset = @convention(c) (ID, UnsafePointer<CChar>, ID, ID, ID, ID, ID) -> ID
        typealias Write = @convention(c) (ID, ID, ID, ID, ID, UnsafeRawPointer) -> Int32
        typealias MakeAttribute = @convention(c) (ID, UnsafePointer<CChar>, ID, ID, ID, ID) -> ID
        typealias WriteAttribute = @convention(c) (ID, ID, UnsafeRawPointer) -> Int32
        typealias SetTimes = @convention(c) (ID, Bool) -> Int32

        let makeFile: MakeFile
        let makeDataset: MakeDataset
        let write: Write
        let makeAttribute: MakeAttribute
        let writeAttribute: WriteAttribute
        let closeAttribute: Close
        let setTimes: SetTimes
        /// Types of numbers in files.
        let stored: (float32: ID, float64: ID, int64: ID)

        init(_ library: SharedLibrary) throws(Failure) {
            unsafe makeFile = try library.symbol("H5Fcreate", as: MakeFile.self)
            unsafe makeDataset = try library.symbol("H5Dcreate2", as: MakeDataset.self)
            unsafe write = try library.symbol("H5Dwrite", as: Write.self)
            unsafe makeAttribute = try library.symbol("H5Acreate2", as: MakeAttribute.self)
            unsafe writeAttribute = try library.symbol("H5Awrite", as: WriteAttribute.self)
            closeAttribute = try library.symbol("H5Aclose", as: Close.self)
            setTimes = try library.symbol("H5Pset_obj_track_times", as: SetTimes.self)
            stored = (
                try library.constant("H5T_IEEE_F32LE_g"), try library.constant("H5T_IEEE_F64LE_g"),
                try library.constant("H5T_STD_I64LE_g")
            )
        }
    }
}
