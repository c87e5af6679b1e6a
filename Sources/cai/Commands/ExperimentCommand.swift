import ArgumentParser
import Cloud
import Costs
import Experiment
import FoundationEssentials
import Platform

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Measure how time depends on data size, batch size, partition size and threads.",
        discussion: """
            Cuts the galaxies of INPUT (see 'cai infer') into partitions, runs fan-outs of them on this machine, and puts \
            each run's results into TREE, in the layout of the published ones: \
            result-partition-25MB/1GB/RUN/, .../Batches/BATCH/RUN/, .../Threads/THREADS/RUN/. 'cai stats' and 'cai \
            report' read it. Each --vary holds the other variables at the values of --data-size, --batch-size, \
            --partition and --threads.

            Runs alternate: the first of every point, then the second of every point. Continue an interrupted experiment \
            with --resume. docs/EXPERIMENTS.md describes the timings.

            With --state-machine each run is an execution on AWS: INPUT is s3://bucket/prefix/ with the folders 25MB/, \
            50MB/, ... of partitions, and results stay in --results, too.

            EXAMPLES
              cai experiment data/ -o tree --vary data-size 1GB,2GB,4GB --vary batch-size 32,64,128,256,512
              cai experiment weights/demo-galaxies.pt -o tree --repeat --data-size 50MB --vary threads 1..N
              cai experiment data/ -o tree --vary partition 25,50,75,100 --vary data-size 1GB,total --grid --dry-run
              cai experiment s3://galaxies/ -o tree --vary data-size 1GB,12.6GB \
            --state-machine arn:aws:states:eu-west-1:123456789012:stateMachine:cai --results s3://results/experiment/
            """)

    @Argument(help: ArgumentHelp("Partition files, folders of them, patterns or s3:// URLs.", valueName: "input"))
    var inputs: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder for the results; made if need be.", valueName: "tree"))
    var output: String

    @OptionGroup var plan: ExperimentPlanOptions
    @OptionGroup var cloud: ExperimentCloudOptions

    @Option(
        help: ArgumentHelp(
            "The network, as for 'cai infer'; on AWS a path or s3:// URL that the functions can read.",
            valueName: "file"))
    var weights: String?

    @Flag(help: "Go on with the experiment that is in TREE: the same command once more. Runs that are done are kept.")
    var resume = false

    @Flag(help: "Add points and runs to the experiment that is in TREE.")
    var extend = false

    @Flag(help: "Compute a partition before the first run, so that it finds the machine as the others do.")
    var warmUp = false

    @Flag(help: "Write predictions and keep them beside the results; that time then counts, too.")
    var keepPredictions = false

    @Option(
        help: ArgumentHelp("Folder of the partitions; emptied at the end. Default: TREE/.scratch", valueName: "dir"))
    var scratch: String?

    @Flag(help: "Leave the partitions there at the end.")
    var keep = false

    @Option(help: ArgumentHelp("Version of the source to record, such as a commit.", valueName: "name"))
    var commit: String?

    @Flag(help: "Tell points, partitions, galaxies and time; run nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "With --dry-run: the rate to reckon with, on AWS that of one worker. Default: measured on 512 galaxies at "
                + "most; on AWS \(Decimals.shortest(PlanAssumptions().processorRate, digits: 3)) for each 1769 MB of a "
                + "worker.",
            valueName: "n"))
    var galaxiesPerSecond: Double?

    @Flag(help: "Print experiment.json, or with --dry-run the plan, on the standard output.")
    var json = false

    @Flag(help: "No progress, no notices, no line for each run; warnings stay.")
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
        try requireRate(galaxiesPerSecond)
        try require("--dry-run", isGiven: dryRun, by: ["--galaxies-per-second": galaxiesPerSecond != nil])
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
