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

    /// The explanation of the pictures below it.
    static let legend: [PageSection.Item] = [
        .text(
            "Masked: the input of the first pass. Reconstruction: each patch as predicted while it was hidden, the mean of "
                + "those passes. The panels of a band share its stretch."),
        .scales(GalaxyPanels.scales),
    ]

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
                isHidden: galaxy.isHidden, isReconstructed: galaxy.isReconstructed,
                names: BandNames.names(encoder.bands, opened.bandLetters),
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
                    "\(galaxy.source), row \(galaxy.row); loss \(Self.loss(Double(result.losses[place])))"
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
                    "Numbers", id: "numbers",
                    [
                        .facts([
                            PageFact("galaxies", Numbers.grouped(result.run.count)),
                            PageFact("mean loss", Self.mean(of: result), detail: "squared error of a pixel"),
                            PageFact("hidden", "\(masking.masked) of \(masking.patches)", detail: "patches"),
                            PageFact("passes", "\(plan.passes)"),
                        ])
                    ]),
                PageSection(
                    show == .first ? "The first \(pictures.count)" : "The \(pictures.count) of largest loss",
                    id: "galaxies", GalaxyPictures.legend + [.pictures(pictures)]),
            ],
            footer: "cai reconstruct, with \(InputList.lastComponent(opened.weights))")
        try file.write(Array(page.html.utf8))
    }

    /// Of one galaxy.
    static func loss(_ value: Double) -> String { value.isFinite ? Notation.significant(value) : "not finite" }

    /// The mean of the galaxies' losses, with the digits that their scatter allows.
    private static func mean(of result: Reconstructions) -> String {
        guard result.meanLoss.isFinite else { return "not finite" }
        let losses = result.losses.map(Double.init).filter(\.isFinite)
        let variance =
            losses.reduce(0) { $0 + ($1 - result.meanLoss) * ($1 - result.meanLoss) } / Double(max(1, losses.count))
        let error = 2 * (variance / Double(max(1, losses.count))).squareRoot()
        return Notation.estimate(result.meanLoss, within: result.meanLoss - error...result.meanLoss + error)
    }
}
