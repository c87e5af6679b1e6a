import ArgumentParser
import Cloud
import Costs
import Experiment
import FoundationEssentials
import Platform

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Measure how time depends on sizes and threads.",
        usage: "cai experiment <input> ... -o <tree> [<options>]",
        discussion: """
            Cuts the galaxies of INPUT (see 'cai infer') into partitions, runs fan-outs of them on this machine, and puts \
            each run's results into TREE, in the layout of the published ones: \
            result-partition-25MB/1GB/RUN/, .../Batches/BATCH/RUN/, .../Threads/THREADS/RUN/. 'cai stats' and 'cai \
            report' read it. Each --vary holds the other variables at the values of --data-size, --batch-size, \
            --partition-size and --threads.

            Runs alternate: the first of every point, then the second of every point. Continue an interrupted experiment \
            with --resume. docs/EXPERIMENTS.md describes the timings.

            With --state-machine each run is an execution on AWS: INPUT is s3://bucket/prefix/ with the folders 25MB/, \
            50MB/, ... of partitions, and results stay in --results, too.

            EXAMPLES
              cai experiment data/ -o tree --vary data-size 1GB,2GB,4GB
              cai experiment weights/demo-galaxies.pt -o tree --repeat \\
                --data-size 50MB --vary threads 1..N
              cai experiment data/ -o tree --vary partition-size 25,50,75,100 \\
                --vary data-size 1GB,total --grid --dry-run
              cai experiment s3://galaxies/ -o tree --vary data-size 1GB,12.6GB \\
                --results s3://results/experiment/ --state-machine \\
                arn:aws:states:eu-west-1:123456789012:stateMachine:cai
            """)

    @Argument(
        help: ArgumentHelp("Partition files, folders of them, patterns or s3:// URLs.", valueName: "input"),
        completion: .file())
    var inputs: [String] = []

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The folder for the results; created if it does not exist.", valueName: "tree"),
        completion: .directory)
    var output: String

    @OptionGroup var plan: ExperimentPlanOptions
    @OptionGroup var cloud: ExperimentCloudOptions

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp(
            "The network, as for 'cai infer'; on AWS a path or s3:// URL that the functions can read.",
            valueName: "file"), completion: .file())
    var weights: String?

    @Flag(help: "Continue the experiment in TREE with the same command; finished runs are kept.")
    var resume = false

    @Flag(help: "Add points and runs to the experiment in TREE.")
    var extend = false

    @Flag(help: "Run a partition before the first timed run.")
    var warmUp = false

    @Flag(help: "Write predictions and keep them beside the results; that time is included.")
    var keepPredictions = false

    @Option(
        help: ArgumentHelp("Folder of the partitions; emptied at the end. Default: TREE/.scratch", valueName: "dir"),
        completion: .directory)
    var scratch: String?

    @Flag(help: "Keep the partitions in --scratch.")
    var keep = false

    @Option(help: ArgumentHelp("Version of the source to record, such as a commit.", valueName: "name"))
    var commit: String?

    @Flag(help: "Print points, partitions, galaxies and time; run nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "With --dry-run: galaxies/s of one worker, which is this machine unless --state-machine is given. Default: measured on up to 512 galaxies; on AWS \(Decimals.shortest(PlanAssumptions().processorRate, digits: 3)) for each 1769 MB of a "
                + "worker.",
            valueName: "n"))
    var workerRate: Double?

    @Flag(help: "Print experiment.json, or with --dry-run the plan, on the standard output.")
    var json = false

    @Flag(name: [.customShort("q"), .long], help: "Print no progress, notices or line for each run; warnings stay.")
    var quiet = false

    /// The inputs, those behind --vary included.
    var places: [String] { inputs + ((try? plan.words())?.others ?? []) }

    var continuation: ExperimentContinuation { extend ? .extend : resume ? .resume : .none }

    func validate() throws {
        try requireName(output, of: "--output")
        guard !S3Location.isLocation(output) else {
            throw ValidationError(
                "--output: expected a folder here, found '\(output)': with --state-machine --results says where results "
                    + "go in S3")
        }
        for (value, option) in [(weights, "--weights"), (scratch, "--scratch"), (commit, "--commit")] {
            if let value { try requireName(value, of: option) }
        }
        guard !(resume && extend) else { throw ValidationError("expected --resume or --extend, found both") }
        try requireRate(workerRate)
        try require("--dry-run", isGiven: dryRun, by: ["--worker-rate": workerRate != nil])
        try plan.check(onCloud: cloud.isAsked)
        guard !places.isEmpty else { throw ValidationError("expected inputs, found none") }
        for place in places { try requireName(place, of: "input") }
        try cloud.check(places)
        if cloud.isAsked, warmUp || keep || scratch != nil {
            throw ValidationError("--warm-up, --keep and --scratch: are for this machine, not for --state-machine")
        }
    }

    func run() throws {
        let job = ExperimentJob(command: self, plan: try plan.plan(onCloud: cloud.isAsked))
        if cloud.isAsked { try job.runOnCloud(cloud) } else { try job.runHere() }
    }
}
