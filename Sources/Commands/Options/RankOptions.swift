import ArgumentParser
import Runs
import FoundationEssentials
import Inference
import Platform

extension ShareUnit: ExpressibleByArgument {}

/// The share of the galaxies that a command runs, of several commands.
struct RankOptions: ParsableArguments {
    static let discussion = """
        SHARING THE WORK
        Each of W commands with the same inputs runs a share of the galaxies: contiguous rows, across files. OUT is then \
        OUT.rank-0003-of-0016.csv for rank 3 of 16, or has {rank} replaced, with a sidecar .rank.json; 'cai merge' joins \
        the parts. The rank is the first of:
          --rank and --world-size
          RANK and WORLD_SIZE
          OMPI_COMM_WORLD_RANK, MV2_COMM_WORLD_RANK, PMI_RANK or PMIX_RANK
            (mpirun) or FLUX_TASK_RANK, each with its SIZE
          SLURM_PROCID and SLURM_NTASKS under srun, SLURM_ARRAY_TASK_ID and
            SLURM_ARRAY_TASK_COUNT in an array job, both in tasks of an array
          AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE
          JOB_COMPLETION_INDEX (Kubernetes), with WORLD_SIZE or --world-size
        With --index a rank opens only its own files; with --share files its share is whole files. A single rank runs all \
        galaxies. --whole runs all galaxies and ignores the environment. Indices of array jobs of SGE, LSF and PBS are \
        not read: a warning says so.
        """

    @Option(help: ArgumentHelp("Run the share of this rank, from 0; with --world-size.", valueName: "r"))
    var rank: Int?

    @Option(
        help: ArgumentHelp("The number of ranks; without --rank, the environment gives the rank.", valueName: "w"))
    var worldSize: Int?

    @Option(
        help: ArgumentHelp(
            "Unit of a rank's share: galaxies, or whole files of about equal bytes, so that a rank opens only its own. The same for all ranks.",
            valueName: "unit"))
    var share = ShareUnit.galaxies

    @Option(
        help: ArgumentHelp(
            "Counts of galaxies by 'cai index' for these inputs, so that a rank opens only its own files. Fails if a file differs.",
            valueName: "file"), completion: .file())
    var index: String?

    @Flag(help: "Run all galaxies; ignore ranks in the environment.")
    var whole = false

    func validate() throws {
        if whole, rank != nil || worldSize != nil {
            throw ValidationError("--whole: expected neither --rank nor --world-size with it")
        }
        if let index { try requireName(index, of: "--index") }
        try requireNumber(worldSize, of: "--world-size", in: RankShare.worldSizes)
        guard let rank else { return }
        guard let worldSize else { throw ValidationError("--rank: expected --world-size with it") }
        try requireNumber(rank, of: "--rank", in: 0...worldSize - 1)
    }

    /// The rank and the name of its part of `output`; nil where all galaxies are run.
    func rank(output: String) throws -> Rank? {
        guard let found = try find() else { return nil }
        guard output != "-" else {
            throw ValidationError(
                "\(found.share) (\(found.origin)): expected --output with a file's name, or --whole to run all galaxies"
            )
        }
        guard PredictionFormat(path: output).map(RankMerge.formats.contains) ?? false else {
            throw ValidationError(
                "--output: \(found.share) (\(found.origin)): expected .csv, .jsonl or .npy, which 'cai merge' joins, "
                    + "found '\(output)'")
        }
        return Rank(share: found.share, origin: found.origin, output: found.share.outputName(output))
    }

    struct Rank {
        let share: RankShare
        /// The options or variables that state it.
        let origin: String
        /// The name of its part.
        let output: String

        /// Which galaxies are run, why, and how to run all of them.
        var notice: String {
            origin.hasPrefix("--")
                ? "\(share) (\(origin)), to \(output)"
                : "\(share) (\(origin) in the environment): its galaxies alone are run, to \(output); "
                    + "--whole runs all"
        }
    }

    /// Why all galaxies are run though the environment has the index of a job array; nil where it has none, or the options
    /// say which galaxies are run.
    func warning(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        guard !whole, rank == nil, let index = RankEnvironment(environment).unreadIndex else { return nil }
        return
            "\(index): the index of a job array is not read as a rank: all galaxies are run; --rank and --world-size "
            + "give each job its share, --whole says that all are meant"
    }

    /// The share, and the variables or options that state it; nil where all galaxies are run.
    /// - Throws: `ValidationError` where the environment contradicts itself or the options.
    func find(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> RankEnvironment.Found? {
        if whole { return nil }
        return try usage { () throws(Failure) in try RankEnvironment(environment).find(rank: rank, worldSize: worldSize)
        }
    }
}
