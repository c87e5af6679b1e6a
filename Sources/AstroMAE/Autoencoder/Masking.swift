import Platform

/// How many patches of a cutout stay visible to a masked autoencoder's encoder. Made by `MaskedAutoencoder.masking`,
/// which checks it.
public struct Masking: Equatable, Sendable {
    /// Patches that the encoder sees, at least 1.
    public let visible: Int
    /// Patches of a cutout.
    public let patches: Int

    /// Patches that the decoder has to reconstruct.
    public var masked: Int { patches - visible }
}

extension MaskedAutoencoder {
    /// The masking at a ratio: as in the reference, int(patches * (1 - ratio)) patches stay visible.
    /// - Parameter ratio: the share of masked patches; 0 masks none.
    /// - Throws: `Failure` if no patch would be visible, or if the encoder has a parallel convolution and the visible
    ///   patches would not form a square map.
    public func masking(ratio: Double) throws(Failure) -> Masking {
        guard ratio >= 0, ratio < 1 else {
            throw Failure(name, "a mask ratio of \(ratio): expected at least 0 and less than 1")
        }
        return try masking(visible: Int(Double(config.patches) * (1 - ratio)), named: "a mask ratio of \(ratio)")
    }

    /// The masking with that number of visible patches.
    public func masking(visible: Int) throws(Failure) -> Masking {
        try masking(visible: visible, named: "\(visible) visible patches")
    }

    private func masking(visible: Int, named name: String) throws(Failure) -> Masking {
        let patches = config.patches
        guard (1...patches).contains(visible) else {
            throw Failure(
                self.name,
                "\(name): \(visible) of \(patches) patches would be visible, expected 1 to " + "\(patches)")
        }
        guard config.encoder.parallelConvolution == nil || visible.squareRoot * visible.squareRoot == visible else {
            let squares = (1...config.encoder.grid).map { "\($0 * $0)" }.joined(separator: ", ")
            throw Failure(
                self.name,
                "\(name): \(visible) of \(patches) patches would be visible, expected a square number "
                    + "(\(squares)): the encoder's parallel convolution (PCM) sees them as a square map")
        }
        return Masking(visible: visible, patches: patches)
    }
}
