import AstroMAE
import Platform
import Synchronization

/// Reconstruction errors and power of each patch of each galaxy, the input of anomaly scores. 700 bytes a galaxy, at 16
/// patches and 5 bands.
public struct PatchErrors: Sendable {
    public let run: GalaxyRun
    /// [N, patches, bands]: the mean squared error of a patch's pixels, over the passes that hid it; NaN where no pass
    /// did.
    public internal(set) var errors: [Float]
    /// [N, patches, bands]: the mean square of its pixels.
    public internal(set) var power: [Float]
    /// [N, bands]: the standard deviation of the pixels' noise, `PixelNoise`.
    public internal(set) var noise: [Float]
    /// [N, bands]: the sum of all pixels.
    public internal(set) var flux: [Float]
    /// [N]: the reference's loss, the mean over the passes.
    public internal(set) var losses: [Float]
    /// [N, bands]: magnitudes in the files; nil where a file lacks them, or has another number of them.
    public internal(set) var magnitudes: [Float]?
    /// [N]: where a galaxy has flags, errors, noise, flux and loss are NaN.
    public let flags: [PredictionFlags]
    /// The galaxies with each flag, and those with a blank band, which have errors.
    public let flagCounts: FlagCounts

    fileprivate init(run: GalaxyRun, _ table: PatchErrorTable, _ flagCounts: FlagCounts) {
        (self.run, self.flagCounts) = (run, flagCounts)
        (errors, power, noise, flux) = (table.errors, table.power, table.noise, table.flux)
        (losses, flags) = (table.losses, table.flags)
    }

    /// Reconstructs all galaxies.
    /// - Parameters:
    ///   - plan: has to hide every patch at least once, so that each has an error.
    ///   - isStrict: whether a galaxy that gets flags is an error.
    /// - Throws: as `GalaxyRunner.run`.
    public static func measure(
        _ sections: [GalaxyRun.Section], model: MaskedAutoencoder, plan: MaskPlan, runner: GalaxyRunner,
        isStrict: Bool = false, progress: (Progress) -> Void = { _ in }
    ) throws(Failure) -> PatchErrors {
        let sink = PatchErrorSink(model.config, galaxies: sections.galaxyCount)
        let task = ReconstructionTask(model: model, plan: plan, sections: sections, sink: sink, isStrict: isStrict)
        let run = try runner.run(task, over: sections, progress: progress)
        var table = sink.table
        // Squares may exceed float32 where pixels and reconstruction do not.
        for place in table.flags.indices where table.flags[place].isEmpty && !table.isFinite(place) {
            table.flags[place] = .resultNotFinite
            try task.flagged.insert(table.flags[place], at: place)
        }
        var errors = PatchErrors(run: run, table, task.flagged.counts)
        errors.magnitudes = try magnitudes(of: run, bands: model.config.encoder.bands)
        return errors
    }

    private static func magnitudes(of run: GalaxyRun, bands: Int) throws(Failure) -> [Float]? {
        var all: [Float] = []
        var areThere = true
        try run.forEachBlock { partition, rows, _ throws(Failure) in
            guard areThere else { return }
            if let magnitudes = try partition.catalogueMagnitudes(rows, count: bands) {
                all += magnitudes
            } else {
                areThere = false
            }
        }
        return areThere ? all : nil
    }
}

private struct PatchErrorTable {
    var errors: [Float]
    var power: [Float]
    var noise: [Float]
    var flux: [Float]
    var losses: [Float]
    var flags: [PredictionFlags]

    init(galaxies: Int, patches: Int, bands: Int) {
        errors = [Float](repeating: 0, count: galaxies * patches * bands)
        power = errors
        noise = [Float](repeating: .nan, count: galaxies * bands)
        flux = noise
        losses = [Float](repeating: 0, count: galaxies)
        flags = [PredictionFlags](repeating: [], count: galaxies)
    }

    /// Whether a galaxy's measurements are finite. Errors of patches that were never hidden do not count.
    func isFinite(_ galaxy: Int) -> Bool {
        func values(_ all: [Float]) -> ArraySlice<Float> {
            let size = all.count / losses.count
            return all[galaxy * size..<(galaxy + 1) * size]
        }
        return [power, noise, flux].allSatisfy { values($0).allSatisfy(\.isFinite) }
            && values(errors).allSatisfy { !$0.isInfinite }
    }

    mutating func put(_ part: PatchErrorTable, at place: Int) {
        let count = part.losses.count
        func put<Value>(_ from: [Value], into to: inout [Value]) {
            let size = from.count / count
            to.replaceSubrange(place * size..<(place + count) * size, with: from)
        }
        put(part.errors, into: &errors)
        put(part.power, into: &power)
        put(part.noise, into: &noise)
        put(part.flux, into: &flux)
        put(part.losses, into: &losses)
        put(part.flags, into: &flags)
    }
}

/// Measures batches on the threads that reconstruct them.
private final class PatchErrorSink: ReconstructionSink {
    private let config: AutoencoderConfig
    private let pixels: [Int]
    private let held: Mutex<PatchErrorTable>

    init(_ config: AutoencoderConfig, galaxies: Int) {
        self.config = config
        pixels = config.pixelOffsets
        held = Mutex(PatchErrorTable(galaxies: galaxies, patches: config.patches, bands: config.encoder.bands))
    }

    var table: PatchErrorTable { held.withLock { $0 } }

    func take(_ batch: borrowing ReconstructedBatch, images: Span<Float>) throws(Failure) {
        var part = PatchErrorTable(galaxies: batch.count, patches: config.patches, bands: config.encoder.bands)
        (part.losses, part.flags) = (batch.meanLosses, batch.flags)
        for galaxy in 0..<batch.count {
            let size = config.encoder.imageCount
            let image = images.extracting(galaxy * size..<(galaxy + 1) * size)
            measurePatches(image, galaxy, batch, into: &part)
            if batch.flags[galaxy].isEmpty { measureBands(image, galaxy, into: &part) }
        }
        held.withLock { $0.put(part, at: batch.place) }
    }

    private func measurePatches(
        _ image: Span<Float>, _ galaxy: Int, _ batch: borrowing ReconstructedBatch, into part: inout PatchErrorTable
    ) {
        let (bands, patches, patchCount) = (config.encoder.bands, config.patches, config.patchCount)
        for patch in 0..<patches {
            var squares = [Double](repeating: 0, count: bands)
            var power = squares
            var hidden = 0
            for pass in batch.masks.indices where batch.masks[pass][galaxy * patches + patch] != 0 {
                hidden += 1
                let first = (galaxy * patches + patch) * patchCount
                for place in 0..<patchCount {
                    let pixel = Double(image[pixels[patch * patchCount + place]])
                    let difference = Double(batch.predictions[pass][first + place]) - pixel
                    squares[place % bands] += difference * difference
                }
            }
            for place in 0..<patchCount {
                let pixel = Double(image[pixels[patch * patchCount + place]])
                power[place % bands] += pixel * pixel
            }
            let area = Double(patchCount / bands)
            for band in 0..<bands {
                let place = (galaxy * patches + patch) * bands + band
                part.errors[place] = hidden > 0 ? Float(squares[band] / (area * Double(hidden))) : .nan
                part.power[place] = Float(power[band] / area)
            }
        }
    }

    private func measureBands(_ image: Span<Float>, _ galaxy: Int, into part: inout PatchErrorTable) {
        let (bands, side) = (config.encoder.bands, config.encoder.imageSize)
        for (band, sigma) in PixelNoise.sigmas(image, bands: bands, side: side).enumerated() {
            part.noise[galaxy * bands + band] = sigma
            var sum = 0.0
            for index in band * side * side..<(band + 1) * side * side { sum += Double(image[index]) }
            part.flux[galaxy * bands + band] = Float(sum)
        }
    }
}
