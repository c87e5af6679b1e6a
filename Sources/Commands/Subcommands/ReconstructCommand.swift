import ArgumentParser
import Cloud
import Runs
import Inference
import Platform

struct ReconstructCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconstruct",
        abstract: "Reconstruct hidden patches of galaxies.",
        usage: "cai reconstruct <input> ... -o <out> [<options>]",
        discussion: """
            Inputs are as for 'cai infer', or files of images alone (.npz or .safetensors with 'images', \
            or one array [N, 5, 32, 32]); magnitudes are not read.

            OUT is an .npz of float32 arrays for N galaxies of 16 patches (row-major) of 320 numbers (8 rows x 8 \
            columns x 5 bands, band fastest):
              pred   [N, 16, 320]  the reconstruction of each patch, hidden or not
              mask   [N, 16]       1 for a hidden patch, 0 for a visible one
              loss   [N]           mean squared error over the hidden patches
              noise  [N, 16]       the patches of the smallest noise are visible
            With --passes K > 1 each galaxy is masked K times, so that the hidden patches of one pass follow those of the \
            pass before it, and all arrays have an axis of K after the first. OUT without its ending and with .ids.csv \
            has the ids of the rows (object_id, source, row). Both are temporary files until they are complete, written \
            while galaxies are computed: memory does not grow with them. They may be s3://bucket/key.

            A galaxy whose pixels are not finite or all zero has flags, and NaN for pred and loss; so has one whose \
            reconstruction is not finite. Means omit it. --strict makes it an error.

            Noise comes from --seed and each galaxy's index among all inputs, by the generator in docs/ANOMALIES.md (ten lines \
            of Python), or from --noise; the same noise gives PyTorch's masks.

            EXAMPLES
              cai reconstruct 1.pt -o reconstructed.npz
              cai reconstruct cutouts.npz -o r.npz --seed 7 --passes 4
              cai reconstruct 1.pt -o r.npz --noise noise.npy --weights mae.pth
              cai reconstruct data/ -o r.npz --report page.html --show worst --panels 20
            """)

    @OptionGroup var options: AutoencoderOptions

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Output of the arrays: a name ending in .npz.", valueName: "out"), completion: .file())
    var output: String

    @Option(
        help: ArgumentHelp(
            "Noise from a file instead of a seed: an array [N, 16], a row per galaxy in the order of the inputs.",
            valueName: "file.npy"), completion: .file())
    var noise: String?

    @Option(help: ArgumentHelp("Number of maskings per galaxy.", valueName: "k"))
    var passes: Int = 1

    @Option(
        help: ArgumentHelp("Write a page of galaxies and their reconstructions.", valueName: "page.html"),
        completion: .file()
    )
    var report: String?

    @Option(
        help: ArgumentHelp(
            "With --report: which galaxies are on the page: the first, or the worst, of largest loss. Default: first.",
            valueName: "which"))
    var show: ShownGalaxies?

    @Option(help: ArgumentHelp("With --report: number of galaxies on the page. Default: 12.", valueName: "n"))
    var panels: Int?

    private var seed: UInt64 { options.seed ?? 0 }

    private var idsPath: String { output.dropLast(".npz".count) + ".ids.csv" }

    func validate() throws {
        try requireNumber(passes, of: "--passes", in: 1...64)
        try requireNumber(panels, of: "--panels", in: 1...1000)
        if let noise { try requireName(noise, of: "--noise") }
        if let report { try requireName(report, of: "--report") }
        try require("--report", isGiven: report != nil, by: ["--show": show != nil, "--panels": panels != nil])
        if noise != nil, options.seed != nil {
            throw ValidationError("--noise and --seed: expected one of them, found both")
        }
        guard output.hasSuffix(".npz"), InputList.lastComponent(output) != ".npz" else {
            throw ValidationError("--output: expected a name ending in .npz, found '\(output)'")
        }
    }

    func run() throws {
        try FileNotices.reportingReplaced([output, idsPath, report], isQuiet: options.galaxies.quiet) {
            try reconstruct()
        }
    }

    private func reconstruct() throws {
        let (job, outputs) = try options.job(writing: [output, idsPath, report], reading: [noise])
        let events = ConsoleEvents(isQuiet: options.galaxies.quiet)
        let opened = try job.open(events)
        let plan = MaskPlan(
            masking: opened.masking,
            noise: try noise.map { path throws(Failure) in
                try MaskNoise(path: path, galaxies: opened.count, patches: opened.masking.patches)
            } ?? MaskNoise(seed: seed, patches: opened.masking.patches),
            passes: passes)
        guard let arrays = outputs[0], let ids = outputs[1] else { return }
        let result = try arrays.write { path throws(Failure) in
            try opened.reconstruct(plan, to: path, keepingLosses: report != nil, events)
        }
        try ids.write { path throws(Failure) in try GalaxyIDWriter.write(result.run, to: path) }
        if let page = outputs[2] {
            try ReconstructionPage(show: show ?? .first, panels: panels ?? 12)
                .write(result, opened, plan: plan, to: page)
        }
        result.flags.report(of: result.run.count, without: Reconstructions.result)
        if !options.galaxies.quiet {
            Console.write(opened.speedLine(result.run, passes: passes) + "\n")
            Console.write("mean loss of \(opened.masking.masked) of \(opened.masking.patches) hidden patches: ")
            Console.write("\(Float(result.meanLoss))\n")
        }
        if options.json {
            try StandardOutput.write(
                json: [
                    "run": opened.summary(result.run, passes: passes), "flagged": result.flags.flagged,
                    "blank_band": result.flags.withBlankBand,
                    "output": output, "ids": idsPath, "report": report, "seed": noise == nil ? seed : nil,
                    "noise": noise, "mean_loss": result.meanLoss.isFinite ? result.meanLoss : nil,
                ] as JSONObject)
        }
    }
}
