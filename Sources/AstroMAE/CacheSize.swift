import Glibc

/// What the machine says of its caches.
enum CacheSize {
    /// Bytes of the second-level cache that a core has to itself; nil where the machine does not tell.
    static let secondLevel: Int? = {
        // The C library has it from the processor itself.
        let size = Int(sysconf(Int32(_SC_LEVEL2_CACHE_SIZE)))
        return size > 0 ? size : nil
    }()

    static let fewestGalaxies = 8
    static let mostGalaxies = 16

    /// Galaxies whose activations go through the encoder together: as many as fill half of the cache, the other half being
    /// for the weights that pass through. At least 8, so that weights are read for enough rows; beyond 16 nothing is gained.
    /// Bits do not depend on it.
    /// - Parameters:
    ///   - floats: of one galaxy's activations in a block.
    ///   - cache: bytes; nil counts as small.
    static func microBatch(floats: Int, cache: Int?) -> Int {
        let bytes = max(1, floats) * MemoryLayout<Float>.stride
        return min(mostGalaxies, max(fewestGalaxies, (cache ?? 0) / 2 / bytes))
    }
}

extension ModelConfig {
    /// Galaxies that pass through the encoder together on this machine.
    var microBatch: Int {
        // A block's input, its norm, and its widest activations.
        CacheSize.microBatch(
            floats: tokens * (2 * width + max(3 * width, mlpWidth)), cache: CacheSize.secondLevel)
    }
}
