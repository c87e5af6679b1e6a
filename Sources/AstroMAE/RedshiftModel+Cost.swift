extension RedshiftModel {
    /// Floating-point operations of one galaxy: two for each multiply-add of matrix products, convolutions and
    /// attention, as a profile counts them. Counted by running one empty cutout.
    public var flopsPerGalaxy: Int {
        let profile = Profile()
        predictEmptyCutout(profile)
        return profile.total.flops
    }

    /// A function of its own, so that its workspace has ended when the profile is read.
    private func predictEmptyCutout(_ profile: Profile) {
        var workspace = Workspace(for: self, capacity: 1, profile: profile)
        let images = [Float](repeating: 0, count: imageCount)
        let magnitudes = [Float](repeating: 0, count: magnitudeCount)
        var redshift: [Float] = [0]
        var span = redshift.mutableSpan
        predict(images: images.span, magnitudes: magnitudes.span, into: &span, workspace: &workspace)
    }
}
