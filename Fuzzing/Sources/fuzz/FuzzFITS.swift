@testable import TensorFiles

extension FuzzTarget {
    /// FITS files as they lie on a disk, through cfitsio.
    static let fits = FuzzTarget(
        "fits", maximumLength: 20_160,
        seeds: {
            try Seeds.fixtures("galaxies", [".fits", ".fits.gz"], atMost: 20_160) + FITSText.seeds.map(FITSText.file)
        }, run: { Reading.open($0) })

    /// FITS files made of a short text, so that headers change and blocks stay whole: see `FITSText`.
    static let fitsHeaders = FuzzTarget(
        "fits-headers", maximumLength: 4096, seeds: { FITSText.seeds }, run: { Reading.open(FITSText.file($0)) })
}
