@testable import TensorFiles

extension FuzzTarget {
    /// Whole FITS files, by cfitsio.
    static let fits = FuzzTarget(
        "fits", maximumLength: 20_160,
        seeds: {
            try Seeds.fixtures("galaxies", [".fits", ".fits.gz"], atMost: 20_160) + FITSText.seeds.map(FITSText.file)
        }, run: open)

    /// FITS files described by lines, so that headers are modified and blocks stay complete: see `FITSText`.
    static let fitsHeaders = FuzzTarget(
        "fits-headers", maximumLength: 4096, seeds: { FITSText.seeds }, run: { open(FITSText.file($0)) })

    /// Tiles compressed by Rice are excluded: cfitsio 4.2 reads beyond damaged ones until it finds a set bit
    /// (SECURITY.md), which would hide all other findings.
    @Sendable private static func open(_ bytes: [UInt8]) {
        guard !String(decoding: bytes, as: UTF8.self).contains("'RICE_") else { return }
        Reading.open(bytes)
    }
}
