import ArgumentParser
import Runs
import Inference
import Platform
import Report
import TensorFiles

/// Pictures of some galaxies of a run.
struct GalaxyPictures {
    let opened: AutoencoderJob.Opened
    let plan: MaskPlan
    let run: GalaxyRun

    static let explanation =
        "Colours are made of i, r and g, with an asinh stretch (Lupton et al. 2004); every panel of a galaxy's band has "
        + "the same stretch. Masked: what the network saw in the first pass. Reconstruction: each patch as it was predicted when "
        + "it was hidden, the mean of those passes; where it never was, as it is. Residual: original minus reconstruction, red "
        + "where the original is brighter, full colour at 8 times the pixels' noise; in colour, grey means no residual."

    /// Pictures of galaxies.
    /// - Parameters:
    ///   - places: indices of the galaxies among all of the run.
    ///   - text: title and caption of a galaxy, by its index.
    func pictures(
        of places: [Int], text: (GalaxyRun.Galaxy, Int) -> (title: String, caption: String)
    ) throws(Failure) -> [PagePicture] {
        let names = try names(of: places)
        let galaxies = try ReconstructedGalaxy.galaxies(at: places, of: run, model: opened.model, plan: plan)
        let encoder = opened.model.config.encoder
        var pictures: [PagePicture] = []
        for (place, galaxy) in zip(places, galaxies) {
            guard let name = names[place] else { continue }
            let panels = GalaxyPanels(
                side: encoder.imageSize, image: galaxy.image, reconstruction: galaxy.reconstruction,
                isHidden: galaxy.isHidden, names: BandNames.names(encoder.bands, opened.bandLetters),
                noise: galaxy.noise.map(Double.init))
            let (title, caption) = text(name, place)
            pictures.append(PagePicture(title: title, caption: caption, heads: panels.heads, rows: panels.rows))
        }
        return pictures
    }

    private func names(of places: [Int]) throws(Failure) -> [Int: GalaxyRun.Galaxy] {
        let wanted = Set(places)
        var names: [Int: GalaxyRun.Galaxy] = [:]
        try run.forEachGalaxy { galaxy, place throws(Failure) in
            if wanted.contains(place) { names[place] = galaxy }
        }
        return names
    }
}

/// Which galaxies a page shows.
enum ShownGalaxies: String, ExpressibleByArgument, CaseIterable {
    case first, worst
}

/// The page of `cai reconstruct`.
struct ReconstructionPage {
    let show: ShownGalaxies
    let panels: Int

    func write(
        _ result: Reconstructions, _ opened: AutoencoderJob.Opened, plan: MaskPlan, to file: OutputFile
    ) throws(Failure) {
        let all = result.losses.indices
        let places =
            switch show {
            case .first: Array(all.prefix(panels))
            // Losses that are not finite are the worst.
            case .worst:
                Array(
                    all.sorted { left, right in
                        let (a, b) = (result.losses[left], result.losses[right])
                        let (x, y) = (a.isFinite ? a : .infinity, b.isFinite ? b : .infinity)
                        return (y, left) < (x, right)
                    }.prefix(panels))
            }
        let pictures = try GalaxyPictures(opened: opened, plan: plan, run: result.run)
            .pictures(of: places) { galaxy, place in
                (
                    galaxy.objectID,
                    "\(galaxy.source), row \(galaxy.row); loss \(Self.short(Double(result.losses[place])))"
                )
            }
        let masking = plan.masking
        let count = Numbers.counted(result.run.count, "galaxy", "galaxies")
        let passes = plan.passes == 1 ? "once" : "\(plan.passes) times"
        let page = HTMLPage(
            title: "Reconstructed galaxies",
            lead: "\(count), each masked \(passes), \(masking.masked) of \(masking.patches) patches hidden.",
            sections: [
                PageSection(
                    "Figures", id: "numbers",
                    [
                        .facts([
                            PageFact("galaxies", Numbers.grouped(result.run.count)),
                            PageFact("mean loss", Self.short(result.meanLoss), detail: "squared error of a pixel"),
                            PageFact("hidden", "\(masking.masked) of \(masking.patches)", detail: "patches"),
                            PageFact("passes", "\(plan.passes)"),
                        ])
                    ]),
                PageSection(
                    show == .first ? "The first \(pictures.count)" : "The \(pictures.count) of largest loss",
                    id: "galaxies", [.text(GalaxyPictures.explanation), .pictures(pictures)]),
            ],
            footer: "cai reconstruct, with \(InputList.lastComponent(opened.weights))")
        try file.write(Array(page.html.utf8))
    }

    static func short(_ value: Double) -> String { value.isFinite ? Decimals.significant(value) : "not finite" }
}
