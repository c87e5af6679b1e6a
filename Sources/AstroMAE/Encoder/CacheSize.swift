import Glibc
import Platform

/// The machine's caches, and the micro-batches that fit them.
enum CacheSize {
    /// Bytes of the second-level cache for each thread of this process; nil if the system does not report it.
    static let secondLevel: Int? = {
        // The C library reads it from the processor; on 64-bit ARM only Linux knows it.
        let size = Int(sysconf(Int32(_SC_LEVEL2_CACHE_SIZE)))
        let bytes = size > 0 ? size : ProcessorCache.all().first { $0.level == 2 }?.byteCount
        return share(of: bytes ?? 0, Processors())
    }()

    /// The part of a cache of that size for one of the threads that share it; nil for an unknown size.
    static func share(of size: Int, _ processors: Processors) -> Int? {
        size > 0 ? size / processors.sharingSecondLevelCache : nil
    }

    static let fewestGalaxies = 8
    static let mostGalaxies = 16
    /// Factor by which a micro-batch may exceed `mostGalaxies` if only a part of each is visible: offsets have to fit.
    static let mostTimes = 4

    /// Galaxies of a micro-batch: as many as fill half of the cache with activations, the other half being for the
    /// weights. At least 8, so that weights are read for enough rows; more than 16 bring nothing. Bits do not depend on
    /// it.
    /// - Parameters:
    ///   - floats: of one galaxy's activations in a block.
    ///   - tokens, whole: galaxies with `tokens` of `whole` tokens go in micro-batches larger by that factor.
    ///   - cache: bytes; nil for unknown, which counts as small.
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
