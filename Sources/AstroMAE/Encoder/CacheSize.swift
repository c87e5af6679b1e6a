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
    /// How many times that may go together where only a part of each is visible: offsets into their images have to fit.
    static let mostTimes = 4

    /// Galaxies whose activations go through the encoder together: as many as fill half of the cache, the other half being
    /// for the weights that pass through. At least 8, so that weights are read for enough rows; beyond 16 nothing is gained.
    /// Bits do not depend on it.
    /// - Parameters:
    ///   - floats: of one galaxy's activations in a block.
    ///   - tokens, whole: where a galaxy has `tokens` of `whole`, as many times more galaxies go together.
    ///   - cache: bytes; nil counts as small.
    static func microBatch(floats: Int, tokens: Int = 1, of whole: Int = 1, cache: Int?) -> Int {
        let bytes = max(1, floats) * MemoryLayout<Float>.stride
        func scaled(_ galaxies: Int) -> Int { min(galaxies * whole / tokens, mostGalaxies * mostTimes) }
        return min(scaled(mostGalaxies), max(scaled(fewestGalaxies), (cache ?? 0) / 2 / bytes))
    }
}

extension EncoderConfig {
    /// Galaxies that pass through the encoder together on this machine.
    var microBatch: Int { block.microBatch(tokens: tokens, of: tokens) }
}

extension BlockConfig {
    /// Galaxies of `tokens` tokens that pass through a stack of blocks together on this machine.
    /// - Parameter whole: tokens of a galaxy with all its patches.
    func microBatch(tokens: Int, of whole: Int) -> Int {
        // A block's input, its norm, and its widest activations.
        CacheSize.microBatch(
            floats: tokens * (2 * width + max(3 * width, mlpWidth)), tokens: tokens, of: whole,
            cache: CacheSize.secondLevel)
    }
}
