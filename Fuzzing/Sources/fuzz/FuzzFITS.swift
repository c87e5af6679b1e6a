@testable import TensorFiles

extension FuzzTarget {
    /// FITS files as they lie on a disk, through cfitsio.
    static let fits = FuzzTarget(
        "fits", maximumLength: 20_160,
        seeds: {
            try Seeds.fixtures("galaxies", [".fits", ".fits.gz"], atMost: 20_160) + FITSText.seeds.map(FITSText.file)
        }, run: open)

    /// FITS files made of a short text, so that headers change and blocks stay whole: see `FITSText`.
    static let fitsHeaders = FuzzTarget(
        "fits-headers", maximumLength: 4096, seeds: { FITSText.seeds }, run: { open(FITSText.file($0)) })

    /// Tiles in Rice's code are left out: cfitsio 4.2 reads on behind damaged ones until it finds a bit that is set
    /// (SECURITY.md), and would be all that is found.
    @Sendable private static func open(_ bytes: [UInt8]) {
        guard !String(decoding: bytes, as: UTF8.self).contains("'RICE_") else { return }
        Reading.open(bytes)
    }
}
