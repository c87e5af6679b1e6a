import Platform

/// Reconstruction errors and power of each patch of each galaxy; row-major.
public struct ReconstructionErrors: Sendable {
    /// Patches along a side of a cutout.
    public let grid: Int
    public let bands: Int
    /// Pixels of a cutout in one band.
    public let pixels: Int
    /// [N, grid * grid, bands]: mean squared error of a patch's pixels.
    public let errors: [Float]
    /// [N, grid * grid, bands]: mean square of a patch's pixels.
    public let power: [Float]
    /// [N, bands]: standard deviation of the pixels' noise.
    public let noise: [Float]
    /// [N, bands]: sum of the pixels.
    public let flux: [Float]
    /// [N, bands]: magnitudes of a catalogue; nil without one.
    public let magnitudes: [Float]?

    public var patches: Int { grid * grid }
    public var count: Int { bands > 0 ? noise.count / bands : 0 }

    public init(
        grid: Int, bands: Int, pixels: Int, errors: [Float], power: [Float], noise: [Float], flux: [Float],
        magnitudes: [Float]?
    ) {
        precondition(
            errors.count == power.count && noise.count == flux.count
                && errors.count == noise.count * grid * grid && magnitudes?.count ?? noise.count == noise.count,
            "arrays of one number of galaxies")
        (self.grid, self.bands, self.pixels) = (grid, bands, pixels)
        (self.errors, self.power, self.noise, self.flux) = (errors, power, noise, flux)
        self.magnitudes = magnitudes
    }

    /// Signal to noise of each galaxy's whole cutout, over all bands: sqrt(sum of (flux / (noise sqrt(pixels)))^2).
    public var signalToNoise: [Double] {
        let floor = noiseFloor
        return (0..<count).map { galaxy in
            var sum = 0.0
            for band in 0..<bands {
                let place = galaxy * bands + band
                let ratio = Double(flux[place]) / (noise(place, floor) * Double(pixels).squareRoot())
                sum += ratio * ratio
            }
            return sum.squareRoot()
        }
    }

    /// The noise at an index of `noise`, at least its band's floor.
    func noise(_ place: Int, _ floor: [Double]) -> Double { max(Double(noise[place]), floor[place % bands]) }

    /// The least noise of each band: a hundredth of the median, or a negligible number where most cutouts have no
    /// noise.
    var noiseFloor: [Double] {
        (0..<bands).map { band in
            let values = stride(from: band, to: noise.count, by: bands).map { Double(noise[$0]) }
                .filter(\.isFinite).sorted()
            let median = values.isEmpty ? 0 : Statistics.median(sorted: values)
            return max(median / 100, 1e-9)
        }
    }

    /// Whether all measurements of a galaxy are finite. Magnitudes may be missing.
    func isFinite(_ galaxy: Int) -> Bool {
        let patchValues = galaxy * patches * bands..<(galaxy + 1) * patches * bands
        let bandValues = galaxy * bands..<(galaxy + 1) * bands
        return errors[patchValues].allSatisfy(\.isFinite) && power[patchValues].allSatisfy(\.isFinite)
            && noise[bandValues].allSatisfy(\.isFinite) && flux[bandValues].allSatisfy(\.isFinite)
    }
}
