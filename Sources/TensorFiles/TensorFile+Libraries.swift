import Platform

extension TensorFile {
    /// Checks that the library of a format can be loaded: FITS and HDF5 need one.
    /// - Parameter name: of a file, whose ending names its format. No file is opened.
    /// - Throws: `Failure` naming the file and the library.
    @Sendable public static func checkLibrary(for name: String) throws(Failure) {
        switch library(for: name) {
        case .hdf5: _ = try HDF5Library.shared(for: name)
        case .cfitsio: _ = try CFitsio.shared(for: name)
        case nil: break
        }
    }

    /// A library that a format needs.
    public enum Library: String, Sendable {
        case hdf5 = "libhdf5"
        case cfitsio = "cfitsio"
    }

    /// The library that a file's format needs, by the ending of its name; nil for none.
    public static func library(for name: String) -> Library? {
        let lower = name.lowercased()
        if [".h5", ".hdf5"].contains(where: lower.hasSuffix) { return .hdf5 }
        let isFITS = [".fits", ".fit", ".fits.gz", ".fit.gz", ".fz"].contains(where: lower.hasSuffix)
        return isFITS ? .cfitsio : nil
    }
}
