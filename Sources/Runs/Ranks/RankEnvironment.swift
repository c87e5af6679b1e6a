import Platform

/// Finds a process's share in the environment variables of its scheduler.
///
/// The first of these applies: `RANK`, launchers of MPI programs and Flux or Slurm, AWS Batch, Kubernetes. A variable that
/// is empty is not set. A world of one rank counts as no rank: all galaxies are run, and nothing is merged.
///
/// Indices of the job arrays of SGE, LSF and PBS are not ranks: scripts for these use them to name files (`unreadIndex`).
public struct RankEnvironment: Sendable {
    public struct Found: Sendable, Equatable {
        public let share: RankShare
        /// The variables that state it, for messages.
        public let origin: String
    }

    private let variables: [String: String]

    public init(_ variables: [String: String]) { self.variables = variables.filter { !$0.value.isEmpty } }

    /// A rank, whose world size another variable may state.
    private struct Index {
        let rank: Int
        /// nil where the scheduler does not state it.
        let worldSize: Int?
        let origin: String
    }

    /// - Parameters:
    ///   - rank: given by the user, with `worldSize`; the environment does not count then.
    ///   - worldSize: given by the user; alone, it has to agree with the environment.
    /// - Returns: nil where the environment has no ranks, or one.
    /// - Throws: `Failure` for variables that are incomplete, invalid or contradictory.
    public func find(rank: Int? = nil, worldSize: Int? = nil) throws(Failure) -> Found? {
        if let rank, let worldSize {
            return RankShare(rank: rank, worldSize: worldSize).map { Found(share: $0, origin: "--rank") }
        }
        let index = try index()
        let world = try number("WORLD_SIZE", from: 1)
        guard let index else {
            if worldSize != nil {
                throw Failure(
                    "--world-size: expected --rank with it, or a rank in the environment (RANK, "
                        + Self.launchers.map(\.rank).joined(separator: ", ")
                        + ", SLURM_PROCID, SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX, JOB_COMPLETION_INDEX), "
                        + "found none")
            }
            guard let world, world > 1 else { return nil }
            throw Failure("WORLD_SIZE is \(world), but RANK is not set: \(Self.remedy)")
        }
        let known = [("--world-size", worldSize), (index.origin, index.worldSize), ("WORLD_SIZE", world)]
            .compactMap { name, size in size.map { (name: name, size: $0) } }
        guard let first = known.first else {
            throw Failure(
                "\(index.origin) is \(index.rank), but the number of ranks is not known: set WORLD_SIZE, or give "
                    + "--world-size, or --whole to run all galaxies")
        }
        if let other = known.first(where: { $0.size != first.size }) {
            throw Failure(
                "\(first.name) says \(Self.ranks(first.size)), \(other.name) says \(Self.ranks(other.size)): "
                    + Self.remedy)
        }
        guard let share = RankShare(rank: index.rank, worldSize: first.size) else {
            throw Failure("\(index.origin): expected a rank from 0 to \(first.size - 1), found \(index.rank)")
        }
        if share.worldSize == 1, worldSize == nil { return nil }
        return Found(share: share, origin: index.origin)
    }

    // MARK: Schedulers

    /// RANK is torchrun's, which other launchers set as well.
    private func index() throws(Failure) -> Index? {
        if let index = try index("RANK") { return index }
        if let index = try tasksOrArray() { return index }
        if let index = try index("AWS_BATCH_JOB_ARRAY_INDEX", of: "AWS_BATCH_JOB_ARRAY_SIZE") { return index }
        return try index("JOB_COMPLETION_INDEX")
    }

    /// A rank that one variable states, and another the number of ranks.
    private func index(_ name: String, of size: String? = nil) throws(Failure) -> Index? {
        guard let rank = try number(name) else { return nil }
        return Index(
            rank: rank, worldSize: try size.flatMap { size throws(Failure) in try number(size, from: 1) }, origin: name)
    }

    /// Variables of launchers: Open MPI, MVAPICH, those that speak PMI (MPICH, Intel MPI, Cray), Flux, and PMIx.
    private static let launchers: [(rank: String, size: String)] = [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
        ("PMI_RANK", "PMI_SIZE"), ("FLUX_TASK_RANK", "FLUX_JOB_SIZE"), ("PMIX_RANK", "PMIX_SIZE"),
    ]

    /// The tasks of a launcher, the elements of a Slurm array, or the tasks of each element.
    private func tasksOrArray() throws(Failure) -> Index? {
        let (array, tasks) = (try slurmArray(), try tasks())
        guard let array else { return tasks }
        guard let tasks, let size = tasks.worldSize, let count = array.worldSize, size > 1 else { return array }
        let (world, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, RankShare.worldSizes.contains(world) else {
            throw Failure("\(array.origin), \(tasks.origin): \(count) times \(size) ranks are too many")
        }
        return Index(rank: array.rank * size + tasks.rank, worldSize: world, origin: "\(array.origin), \(tasks.origin)")
    }

    /// A launcher within a Slurm job starts its daemons as Slurm's tasks: its own rank is that of the process. Slurm's counts
    /// where the launcher has one task, or states no number.
    private func tasks() throws(Failure) -> Index? {
        var launched: Index?
        for (rank, size) in Self.launchers where launched == nil { launched = try index(rank, of: size) }
        if let launched, launched.worldSize ?? 1 > 1 { return launched }
        return try slurmTasks() ?? launched
    }

    /// A batch script has these variables too, but is not one of the tasks, which srun starts.
    private func slurmTasks() throws(Failure) -> Index? {
        guard !isBatchScript, let rank = try number("SLURM_PROCID") else { return nil }
        guard let size = try number("SLURM_NTASKS", from: 1) else {
            guard rank > 0 else { return nil }
            throw Failure("SLURM_PROCID is \(rank), but SLURM_NTASKS is not set: \(Self.remedy)")
        }
        return Index(rank: rank, worldSize: size, origin: "SLURM_PROCID")
    }

    /// Also salloc's shell where Slurm runs it on a node (`use_interactive_step`): a step whose number is not one of srun's.
    private var isBatchScript: Bool {
        guard variables["SLURM_JOB_ID"] != nil else { return false }
        guard let step = variables["SLURM_STEP_ID"] else { return true }
        return UInt32(step).map { $0 >= Self.firstOwnStep } ?? false
    }

    /// SLURM_INTERACTIVE_STEP of slurm.h, 0xfffffffa; above it are the batch script, external and pending steps.
    private static let firstOwnStep: UInt32 = 4_294_967_290

    private func slurmArray() throws(Failure) -> Index? {
        guard let task = try number("SLURM_ARRAY_TASK_ID") else { return nil }
        guard let count = try number("SLURM_ARRAY_TASK_COUNT", from: 1) else {
            throw Failure("SLURM_ARRAY_TASK_ID is \(task), but SLURM_ARRAY_TASK_COUNT is not set: \(Self.remedy)")
        }
        let first = try number("SLURM_ARRAY_TASK_MIN") ?? 0
        let step = try number("SLURM_ARRAY_TASK_STEP", from: 1) ?? 1
        let last = try number("SLURM_ARRAY_TASK_MAX")
        let (rank, rest) = (task - first).quotientAndRemainder(dividingBy: step)
        guard rest == 0, 0..<count ~= rank, last.map({ ($0 - first) / step == count - 1 }) ?? true else {
            throw Failure(
                "SLURM_ARRAY_TASK_ID is \(task) of an array of \(count) that is not a range from \(first) by \(step): "
                    + "give --rank and --world-size")
        }
        return Index(rank: rank, worldSize: count, origin: "SLURM_ARRAY_TASK_ID")
    }

    // MARK: Job arrays

    /// The index of a job array that is not used as a rank: `SGE_TASK_ID is 3`; nil for none.
    public var unreadIndex: String? {
        for name in ["SGE_TASK_ID", "LSB_JOBINDEX", "PBS_ARRAY_INDEX", "PBS_ARRAYID"] {
            // A job without an array has "undefined" (SGE), 0 (LSF) or no such variable.
            guard let text = variables[name], let index = Int(text), index > 0 || !name.hasPrefix("LSB") else {
                continue
            }
            return "\(name) is \(index)"
        }
        return nil
    }

    // MARK: Messages

    private static let remedy = "give --rank and --world-size, or --whole to run all galaxies"

    private static func ranks(_ count: Int) -> String { count == 1 ? "1 rank" : "\(count) ranks" }

    private func number(_ name: String, from least: Int = 0) throws(Failure) -> Int? {
        guard let text = variables[name] else { return nil }
        guard let number = Int(text), least...Int(Int32.max) ~= number else {
            throw Failure("\(name): expected a number from \(least), found '\(text)'")
        }
        return number
    }
}
