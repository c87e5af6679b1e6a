import Runs
import Platform
import Testing

/// Variables, and the rank that they define: nil for all galaxies.
struct RankCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let variables: [String: String]
    var worldSize: Int?
    let expected: RankShare?
    var origin = ""

    static let array = [
        "SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "16",
        "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "15", "SLURM_ARRAY_TASK_STEP": "1",
    ]
    static let step = ["SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "2", "SLURM_NTASKS": "4"]

    static let cases = [
        RankCase(testDescription: "nothing", variables: ["HOME": "/"], expected: nil),
        RankCase(
            testDescription: "torchrun", variables: ["RANK": "1", "WORLD_SIZE": "3"],
            expected: RankShare(rank: 1, worldSize: 3), origin: "RANK"),
        RankCase(
            testDescription: "torchrun within Slurm",
            variables: step.merging(["RANK": "1", "WORLD_SIZE": "3"]) { $1 },
            expected: RankShare(rank: 1, worldSize: 3), origin: "RANK"),
        RankCase(testDescription: "a world of one", variables: ["RANK": "0", "WORLD_SIZE": "1"], expected: nil),
        RankCase(
            testDescription: "a world of one that was asked for", variables: ["RANK": "0"], worldSize: 1,
            expected: RankShare(rank: 0, worldSize: 1), origin: "RANK"),
        RankCase(testDescription: "empty variables", variables: ["RANK": "", "WORLD_SIZE": ""], expected: nil),
        RankCase(
            testDescription: "srun", variables: step, expected: RankShare(rank: 2, worldSize: 4),
            origin: "SLURM_PROCID"),
        RankCase(
            testDescription: "Slurm's two variables alone", variables: ["SLURM_PROCID": "1", "SLURM_NTASKS": "3"],
            expected: RankShare(rank: 1, worldSize: 3), origin: "SLURM_PROCID"),
        RankCase(
            testDescription: "one task of Slurm", variables: ["SLURM_PROCID": "0", "SLURM_NTASKS": "1"], expected: nil),
        RankCase(testDescription: "salloc's shell", variables: ["SLURM_NTASKS": "4"], expected: nil),
        RankCase(
            testDescription: "a batch script of four tasks, without srun",
            variables: ["SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"], expected: nil),
        RankCase(
            testDescription: "salloc's shell, as a step of Slurm's own",
            variables: [
                "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "4294967290", "SLURM_PROCID": "0", "SLURM_NTASKS": "4",
            ], expected: nil),
        RankCase(
            testDescription: "srun, the last of its numbers",
            variables: step.merging(["SLURM_STEP_ID": "4294967289"]) { $1 },
            expected: RankShare(rank: 2, worldSize: 4), origin: "SLURM_PROCID"),
        RankCase(
            testDescription: "an array", variables: array, expected: RankShare(rank: 5, worldSize: 16),
            origin: "SLURM_ARRAY_TASK_ID"),
        RankCase(
            testDescription: "an array from 10 by 5",
            variables: [
                "SLURM_ARRAY_TASK_ID": "20", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_MAX": "25", "SLURM_ARRAY_TASK_STEP": "5",
            ],
            expected: RankShare(rank: 2, worldSize: 4), origin: "SLURM_ARRAY_TASK_ID"),
        RankCase(
            testDescription: "an array whose last step does not fit",
            variables: [
                "SLURM_ARRAY_TASK_ID": "8", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "0",
                "SLURM_ARRAY_TASK_MAX": "10", "SLURM_ARRAY_TASK_STEP": "4",
            ],
            expected: RankShare(rank: 2, worldSize: 3), origin: "SLURM_ARRAY_TASK_ID"),
        RankCase(
            testDescription: "an array of one", variables: ["SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "1"],
            expected: nil),
        RankCase(
            testDescription: "srun in an array", variables: array.merging(step) { $1 },
            // Element 5 of 16, task 2 of 4.
            expected: RankShare(rank: 22, worldSize: 64), origin: "SLURM_ARRAY_TASK_ID, SLURM_PROCID"),
        RankCase(
            testDescription: "AWS Batch",
            variables: ["AWS_BATCH_JOB_ARRAY_INDEX": "9", "AWS_BATCH_JOB_ARRAY_SIZE": "10"],
            expected: RankShare(rank: 9, worldSize: 10), origin: "AWS_BATCH_JOB_ARRAY_INDEX"),
        RankCase(
            testDescription: "an older AWS Batch", variables: ["AWS_BATCH_JOB_ARRAY_INDEX": "9"], worldSize: 10,
            expected: RankShare(rank: 9, worldSize: 10), origin: "AWS_BATCH_JOB_ARRAY_INDEX"),
        RankCase(
            testDescription: "Kubernetes", variables: ["JOB_COMPLETION_INDEX": "2", "WORLD_SIZE": "8"],
            expected: RankShare(rank: 2, worldSize: 8), origin: "JOB_COMPLETION_INDEX"),
        RankCase(
            testDescription: "Kubernetes, --world-size", variables: ["JOB_COMPLETION_INDEX": "2"], worldSize: 8,
            expected: RankShare(rank: 2, worldSize: 8), origin: "JOB_COMPLETION_INDEX"),
        RankCase(
            testDescription: "Open MPI's mpirun",
            variables: ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1"],
            expected: RankShare(rank: 1, worldSize: 4), origin: "OMPI_COMM_WORLD_RANK"),
        RankCase(
            testDescription: "MVAPICH",
            variables: ["MV2_COMM_WORLD_RANK": "3", "MV2_COMM_WORLD_SIZE": "4"],
            expected: RankShare(rank: 3, worldSize: 4), origin: "MV2_COMM_WORLD_RANK"),
        RankCase(
            testDescription: "MPICH's mpiexec", variables: ["PMI_RANK": "0", "PMI_SIZE": "2"],
            expected: RankShare(rank: 0, worldSize: 2), origin: "PMI_RANK"),
        RankCase(
            testDescription: "Flux", variables: ["FLUX_TASK_RANK": "5", "FLUX_JOB_SIZE": "6"],
            expected: RankShare(rank: 5, worldSize: 6), origin: "FLUX_TASK_RANK"),
        RankCase(
            testDescription: "PMIx, --world-size", variables: ["PMIX_RANK": "2"], worldSize: 3,
            expected: RankShare(rank: 2, worldSize: 3), origin: "PMIX_RANK"),
        RankCase(
            testDescription: "srun --mpi=pmix", variables: step.merging(["PMIX_RANK": "2"]) { $1 },
            expected: RankShare(rank: 2, worldSize: 4), origin: "SLURM_PROCID"),
        RankCase(
            testDescription: "mpirun in a Slurm job, whose daemon is a task of Slurm's",
            variables: step.merging(["OMPI_COMM_WORLD_RANK": "7", "OMPI_COMM_WORLD_SIZE": "8"]) { $1 },
            expected: RankShare(rank: 7, worldSize: 8), origin: "OMPI_COMM_WORLD_RANK"),
        RankCase(
            testDescription: "mpirun in each element of an array",
            variables: array.merging(["PMI_RANK": "1", "PMI_SIZE": "2"]) { $1 },
            expected: RankShare(rank: 11, worldSize: 32), origin: "SLURM_ARRAY_TASK_ID, PMI_RANK"),
        RankCase(
            testDescription: "mpirun of one process", variables: ["PMI_RANK": "0", "PMI_SIZE": "1"], expected: nil),
        RankCase(
            testDescription: "RANK within mpirun",
            variables: ["RANK": "0", "WORLD_SIZE": "2", "PMI_RANK": "3", "PMI_SIZE": "4"],
            expected: RankShare(rank: 0, worldSize: 2), origin: "RANK"),
        RankCase(testDescription: "an array of SGE", variables: ["SGE_TASK_ID": "3"], expected: nil),
        RankCase(testDescription: "an array of PBS", variables: ["PBS_ARRAY_INDEX": "3"], expected: nil),
    ]
}

@Test(
    "Indices of the job arrays of SGE, LSF and PBS are known, and not read as ranks",
    arguments: [
        ("SGE_TASK_ID", "3", true), ("SGE_TASK_ID", "undefined", false), ("LSB_JOBINDEX", "2", true),
        ("LSB_JOBINDEX", "0", false), ("PBS_ARRAY_INDEX", "0", true), ("PBS_ARRAYID", "7", true),
        ("PBS_JOBID", "7", false),
    ])
func unreadIndex(name: String, value: String, isIndex: Bool) {
    #expect(RankEnvironment([name: value]).unreadIndex == (isIndex ? "\(name) is \(value)" : nil))
}

@Test("Environments of schedulers give their ranks", arguments: RankCase.cases)
func rankOfEnvironment(_ one: RankCase) throws {
    let found = try RankEnvironment(one.variables).find(worldSize: one.worldSize)
    #expect(found?.share == one.expected)
    #expect(found?.origin ?? "" == one.origin)
}

@Test(
    "Incomplete, invalid and contradictory environments are refused",
    arguments: [
        (["RANK": "1"], nil, "the number of ranks is not known"),
        (["WORLD_SIZE": "4"], nil, "RANK is not set"),
        (["RANK": "4", "WORLD_SIZE": "4"], nil, "from 0 to 3, found 4"),
        (["RANK": "-1", "WORLD_SIZE": "4"], nil, "expected a number from 0, found '-1'"),
        (["RANK": "one", "WORLD_SIZE": "4"], nil, "found 'one'"),
        (["RANK": "0", "WORLD_SIZE": "0"], nil, "expected a number from 1, found '0'"),
        (["RANK": "1", "WORLD_SIZE": "4"], 5, "--world-size says 5 ranks, WORLD_SIZE says 4 ranks"),
        (["SLURM_PROCID": "2"], nil, "SLURM_NTASKS is not set"),
        (["SLURM_ARRAY_TASK_ID": "2"], nil, "SLURM_ARRAY_TASK_COUNT is not set"),
        (
            [
                "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "3",
                "SLURM_ARRAY_TASK_MAX": "7", "SLURM_ARRAY_TASK_STEP": "1",
            ], nil, "give --rank and --world-size"
        ),
        (["SLURM_PROCID": "1", "SLURM_NTASKS": "3", "WORLD_SIZE": "4"], nil, "SLURM_PROCID says 3 ranks"),
        (["AWS_BATCH_JOB_ARRAY_INDEX": "1"], nil, "the number of ranks is not known"),
        (["PMIX_RANK": "1"], nil, "--whole"), (["PMI_RANK": "4", "PMI_SIZE": "4"], nil, "from 0 to 3, found 4"),
        (["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "x"], nil, "found 'x'"),
        (["PMI_RANK": "1", "PMI_SIZE": "4", "WORLD_SIZE": "2"], nil, "PMI_RANK says 4 ranks"),
        (["JOB_COMPLETION_INDEX": "1"], nil, "set WORLD_SIZE, or give --world-size"),
        ([:], 4, "expected --rank with it"),
    ] as [([String: String], Int?, String)])
func wrongEnvironment(variables: [String: String], worldSize: Int?, message: String) {
    let error = #expect(throws: Failure.self) {
        try RankEnvironment(variables).find(worldSize: worldSize)
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
}
