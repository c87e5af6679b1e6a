import Platform

extension TensorFile {
    /// Checks that the library of a format can be loaded: FITS and HDF5 need one.
    /// - Parameter name: of a file, whose ending names its format. No file is opened.
    /// - Throws: `Failure` naming the file and the library.
    @Sendable public static func checkLibrary(for name: String) throws(Failure) {
        let lower = name.lowercased()
        if [".h5", ".hdf5"].contains(where: lower.hasSuffix) {
            _ = try HDF5Library.shared(for: name)
        } else if [".fits", ".fit", ".fits.gz", ".fit.gz", ".fz"].contains(where: lower.hasSuffix) {
            _ = try CFitsio.shared(for: name)
        }
    }
}
