import Platform
import TensorFiles

/// The noise that selects the patches of a galaxy to hide: patches with the smallest values stay visible. From a seed,
/// or given.
///
/// From a seed it is SplitMix64's mixing function (Steele, Lea and Flood 2014) applied to seed, index and patch in turn,
/// where the index is the galaxy's among all inputs: a hash, not a stream, so that it depends on neither batches nor
/// threads, nor on how the galaxies are divided into files. `docs/ANOMALIES.md` has the function in ten lines of Python.
public struct MaskNoise: Sendable {
    private enum Origin {
        case seed(UInt64)
        /// [N, patches], N galaxies in the order of the inputs.
        case given(TensorView)
    }

    private let origin: Origin
    public let patches: Int
    /// Galaxies of the inputs before the first of the run, which a seed's noise depends on.
    private let before: Int

    /// - Parameters:
    ///   - patches: of a cutout.
    ///   - before: galaxies of the inputs that precede those of the run.
    public init(seed: UInt64, patches: Int, before: Int = 0) {
        origin = .seed(seed)
        (self.patches, self.before) = (patches, before)
    }

    /// Noise from a file with one array [N, patches].
    /// - Throws: `Failure` where it holds another array, or not one row for each of `galaxies`.
    public init(path: String, galaxies: Int, patches: Int) throws(Failure) {
        let file = try TensorFile.open(path: path)
        guard file.tensors.count == 1, let tensor = file.tensors.first else {
            throw Failure(path, "expected one array of noise, found \(file.tensors.count) arrays")
        }
        guard tensor.shape == [galaxies, patches], tensor.dtype.isFloatingPoint else {
            throw Failure(
                path,
                "expected noise of shape [\(galaxies), \(patches)], a row for each galaxy, found "
                    + "\(tensor.dtype.rawValue) \(tensor.shape)")
        }
        origin = .given(tensor)
        (self.patches, before) = (patches, 0)
    }

    /// The noise of a patch, in [0, 1): a multiple of 2^-24.
    /// - Parameter index: the galaxy's, among all inputs.
    public static func value(seed: UInt64, index: Int, patch: Int) -> Float {
        let mixed = mix(mix(mix(seed) ^ UInt64(truncatingIfNeeded: index)) ^ UInt64(truncatingIfNeeded: patch))
        return Float(mixed >> 40) * 0x1p-24
    }

    /// The next output of a SplitMix64 generator with that state.
    private static func mix(_ state: UInt64) -> UInt64 {
        var value = state &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// The noise of consecutive galaxies for each pass: [passes, rows, patches].
    ///
    /// The first pass has the noise itself. In each further one the same values are assigned to patches `masked` ranks
    /// farther, so that the hidden patches of one pass follow those of the pass before it in the order of noise: after
    /// `patches/masked` passes, rounded up, each patch was hidden. Where some of a galaxy's numbers are equal, their
    /// order would depend on the patches that they are assigned to; further passes are then assigned the values' ranks,
    /// divided by `patches`.
    /// - Parameters:
    ///   - galaxies: their indices among those of the run.
    ///   - masked: patches that a pass hides.
    func values(galaxies: Range<Int>, passes: Int, masked: Int) throws(Failure) -> [Float] {
        var first = [Float](repeating: 0, count: galaxies.count * patches)
        switch origin {
        case .seed(let seed):
            for (row, index) in galaxies.enumerated() {
                for patch in 0..<patches {
                    first[row * patches + patch] = Self.value(seed: seed, index: before &+ index, patch: patch)
                }
            }
        case .given(let tensor):
            var span = first.mutableSpan
            try tensor.copyFloats(rows: galaxies, into: &span)
            if let bad = first.firstIndex(where: { !$0.isFinite }) {
                throw Failure(
                    tensor.source.name,
                    "row \(galaxies.lowerBound + bad / patches): expected finite noise, found \(first[bad])")
            }
        }
        guard passes > 1 else { return first }
        var all = [Float](repeating: 0, count: passes * first.count)
        for galaxy in 0..<galaxies.count {
            let base = galaxy * patches
            let order = (0..<patches).sorted { (first[base + $0], $0) < (first[base + $1], $1) }
            let hasEqual = zip(order, order.dropFirst()).contains { first[base + $0] == first[base + $1] }
            let dealt = hasEqual ? (0..<patches).map { Float($0) / Float(patches) } : order.map { first[base + $0] }
            for patch in base..<base + patches { all[patch] = first[patch] }
            for pass in 1..<passes {
                for (rank, patch) in order.enumerated() {
                    all[pass * first.count + base + patch] = dealt[(rank + pass * masked) % patches]
                }
            }
        }
        return all
    }
}
