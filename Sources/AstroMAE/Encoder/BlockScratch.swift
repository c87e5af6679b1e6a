/// A pass through a stack of blocks.
typealias BlockPass = Pass<BlockScratch>

/// Scratch memory that the blocks of a stack share: each part is written before it is read, except the borders of the
/// padded maps, which stay zero.
struct BlockScratch {
    /// [count*tokens, width]; the mean over tokens of the MLP's hidden units after that, [count, mlp width].
    let normed: UnsafeMutablePointer<Float>
    /// [count*tokens, max(3 width, mlp width)]; the PCM's output before that.
    let wide: UnsafeMutablePointer<Float>
    /// Scores and keys of one head.
    let scores: UnsafeMutablePointer<Float>
    /// Padded maps of grouped convolutions: [count, side + 2p, side + 2p, width] (unused by 1x1 kernels), and [...,
    /// hidden].
    let paddedTokens: UnsafeMutablePointer<Float>
    let paddedHidden: UnsafeMutablePointer<Float>
    /// [count*tokens, width]: a stage's output before its residual, when stages are recorded.
    let separate: UnsafeMutablePointer<Float>
}

extension BlockScratch {
    /// Floats of each part, in the order of the properties.
    struct Sizes {
        fileprivate(set) var parts: [Int]

        /// - Parameters:
        ///   - rows: tokens of all galaxies of a micro-batch.
        ///   - tokens: of a galaxy.
        ///   - padded: floats of the padded maps of all galaxies: of tokens, and hidden.
        init(_ config: BlockConfig, rows: Int, tokens: Int, padded: (tokens: Int, hidden: Int) = (0, 0)) {
            parts = [
                max(rows * config.width, rows / tokens * config.mlpWidth),
                rows * max(3 * config.width, config.mlpWidth),
                Kernels.attentionScratch(tokens: tokens, dim: config.headWidth), padded.tokens, padded.hidden,
                rows * config.width,
            ]
        }

        /// Sizes sufficient for either of two stacks.
        func union(_ other: Sizes) -> Sizes {
            var copy = self
            copy.parts = zip(parts, other.parts).map { max($0, $1) }
            return copy
        }
    }

    /// - Parameter first: index of the first part.
    init(_ parts: FloatParts, first: Int) {
        self.init(
            normed: parts[first], wide: parts[first + 1], scores: parts[first + 2], paddedTokens: parts[first + 3],
            paddedHidden: parts[first + 4], separate: parts[first + 5])
    }
}
