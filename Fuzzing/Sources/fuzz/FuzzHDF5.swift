@testable import TensorFiles

extension FuzzTarget {
    /// HDF5 files, by libhdf5.
    static let hdf5 = FuzzTarget(
        "hdf5", maximumLength: 24_000,
        seeds: {
            try Seeds.fixtures("galaxies", [".h5"], atMost: 24_000) + Seeds.fixtures("meaning", [".h5"], atMost: 24_000)
        }, run: { Reading.open($0) })
}
