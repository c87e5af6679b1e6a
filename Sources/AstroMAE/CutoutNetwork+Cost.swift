import Platform

// Floating-point operations of one galaxy: two for each multiply-add of matrix products, convolutions and attention, as
// a profile counts them for one empty cutout. The pass is in a separate function, so that its workspace has ended when
// the profile is read. Making the workspace throws `Failure` of kind `outOfMemory`.

extension RedshiftModel {
    /// Floating-point operations of one galaxy's redshift.
    public var flopsPerGalaxy: Int {
        get throws(Failure) {
            let profile = Profile()
            try predictEmptyCutout(profile)
            return profile.total.flops
        }
    }

    private func predictEmptyCutout(_ profile: Profile) throws(Failure) {
        var workspace = try Workspace(for: self, capacity: 1, profile: profile)
        let images = [Float](repeating: 0, count: imageCount)
        let magnitudes = [Float](repeating: 0, count: magnitudeCount)
        var redshift: [Float] = [0]
        var span = redshift.mutableSpan
        predict(images: images.span, magnitudes: magnitudes.span, into: &span, workspace: &workspace)
    }
}

extension MaskedAutoencoder {
    /// Floating-point operations of one galaxy's reconstruction.
    public func flopsPerGalaxy(_ masking: Masking) throws(Failure) -> Int {
        let profile = Profile()
        try reconstructEmptyCutout(masking, profile)
        return profile.total.flops
    }

    private func reconstructEmptyCutout(_ masking: Masking, _ profile: Profile) throws(Failure) {
        var workspace = try AutoencoderWorkspace(for: self, masking: masking, profile: profile)
        let images = [Float](repeating: 0, count: imageCount)
        let noise = [Float](repeating: 0, count: config.patches)
        var predictions = [Float](repeating: 0, count: config.patches * config.patchCount)
        var (mask, loss) = (noise, [Float](repeating: 0, count: 1))
        var predictionSpan = predictions.mutableSpan
        var maskSpan = mask.mutableSpan
        var lossSpan = loss.mutableSpan
        reconstruct(
            images: images.span, noise: noise.span, into: &predictionSpan, mask: &maskSpan, losses: &lossSpan,
            workspace: &workspace)
    }
}

extension FeatureEncoder {
    /// Floating-point operations of one galaxy's features.
    public var flopsPerGalaxy: Int {
        get throws(Failure) {
            let profile = Profile()
            try encodeEmptyCutout(profile)
            return profile.total.flops
        }
    }

    private func encodeEmptyCutout(_ profile: Profile) throws(Failure) {
        var workspace = try FeatureWorkspace(for: self, profile: profile)
        let images = [Float](repeating: 0, count: imageCount)
        var features = [Float](repeating: 0, count: featureCount)
        var span = features.mutableSpan
        encode(images: images.span, into: &span, workspace: &workspace)
    }
}
