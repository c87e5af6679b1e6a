import Platform
import Testing

@testable import Experiment

@Suite("Plans of experiments")
struct PlanTests {
    /// `num_worlds` of the published total_execution_time.csv, by partition size, for 1, 2, 4, 6, 8, 10 and 12.6 GB.
    @Test(
        "Points have as many ranks as the published runs",
        arguments: [
            (25, [41, 82, 164, 246, 328, 410, 517]), (50, [21, 41, 82, 123, 164, 205, 259]),
            (75, [14, 28, 55, 82, 110, 137, 173]), (100, [11, 21, 41, 62, 82, 103, 130]),
        ])
    func ranks(megabytes: Int, expected: [Int]) throws {
        let sizes = try Sweep(.dataSize, values: "1GB,2GB,4GB,6GB,8GB,10GB,12.6GB", processors: 1)
        let plan = try ExperimentPlan(
            sweeps: [sizes], defaults: Self.defaults(partition: megabytes), runs: 1, isGrid: false)
        #expect(plan.points.map(\.partitions) == expected)
        #expect(plan.points.map(\.gigabytes) == [1, 2, 4, 6, 8, 10, 12.6])
    }

    @Test(
        "Each data size has one name, however it is written",
        arguments: [
            ("50MB", "50MB", 0.05, 2), ("0.05gb", "50MB", 0.05, 2), ("500MB", "500MB", 0.5, 20),
            ("1000MB", "1GB", 1, 41), ("1.5GB", "1.5GB", 1.5, 62), ("12.6GB", "total", 12.6, 517),
            ("Total", "total", 12.6, 517), ("1000GB", "1TB", 1000, 40_960), ("0.1TB", "100GB", 100, 4096),
            ("1MB", "1MB", 0.001, 1),
        ])
    func names(text: String, name: String, gigabytes: Double, partitions: Int) throws {
        let size = try #require(DataVolume(text))
        #expect(size.name == name)
        #expect(size.gigabytes == gigabytes)
        #expect(size.partitions(megabytes: 25, rows: 1278) == partitions)
    }

    @Test(
        "Strings that are not data sizes are rejected",
        arguments: ["", "GB", "1", "1KB", "0MB", "-1GB", "1e3GB", "nanGB", "1 GB", "99999999TB", "1GiB"])
    func noSize(text: String) { #expect(DataVolume(text) == nil) }

    @Test("Lists and ranges give each number once, and N is the number of processors")
    func numbers() throws {
        #expect(try Sweep(.threads, values: "1..N", processors: 3) == .threads([1, 2, 3]))
        #expect(try Sweep(.threads, values: "8,1..2,1", processors: 3) == .threads([8, 1, 2]))
        #expect(try Sweep(.batchSize, values: "32,64,32", processors: 3) == .batchSize([32, 64]))
        #expect(try Sweep(.partition, values: "100,25", processors: 3) == .partition([100, 25]))
    }

    @Test(
        "Invalid sweep values are errors that name the value",
        arguments: [
            (Sweep.Variable.threads, "0"), (.threads, "2..1"), (.threads, "1.5"), (.threads, "1..4..5"),
            (.threads, "N"),
            (.threads, "1..M"), (.threads, "5000"), (.threads, "1,,2"), (.batchSize, "1..N"), (.batchSize, "0"),
            (.batchSize, "many"), (.batchSize, "9999999"), (.partition, "26"), (.partition, "25MB"),
            (.dataSize, "1GB,2"), (.dataSize, "1GB,"),
        ])
    func refusals(variable: Sweep.Variable, values: String) throws {
        let error = try #require(throws: Failure.self) {
            try Sweep(variable, values: values, processors: 2)
        }
        #expect(error.description.hasPrefix("--vary \(variable.rawValue): expected "))
        #expect(error.description.contains("found"))
    }

    @Test("Each sweep keeps the other variables at their defaults, in the layout of the published trees")
    func layout() throws {
        let plan = try ExperimentPlan(
            sweeps: [
                .dataSize([try #require(DataVolume("1GB")), .whole]), .batchSize([32, 512]), .threads([1, 2]),
                .partition([25, 100]),
            ], defaults: Self.defaults(), runs: 3, isGrid: false)
        #expect(
            plan.points.map(\.path) == [
                "result-partition-25MB/1GB", "result-partition-25MB/total", "result-partition-100MB/1GB",
                "result-partition-25MB/1GB/Batches/32", "result-partition-25MB/1GB/Batches/512",
                "result-partition-25MB/1GB/Threads/1", "result-partition-25MB/1GB/Threads/2",
            ])
        #expect(plan.points[0].sweeps == ["data-size", "partition-size"])
        #expect(plan.points.map(\.batchSize) == [512, 512, 512, 32, 512, 512, 512])
        #expect(plan.points.map(\.threads) == [4, 4, 4, 4, 4, 1, 2])
        #expect(plan.points.map(\.partitions) == [41, 517, 11, 41, 41, 41, 41])
    }

    @Test("The first runs of all points come before the second run of any")
    func order() throws {
        var plan = try ExperimentPlan(sweeps: [.threads([1, 2])], defaults: Self.defaults(), runs: 2, isGrid: false)
        let longer = try ExperimentPlan(sweeps: [.threads([2])], defaults: Self.defaults(), runs: 3, isGrid: false)
        plan.add(longer.points[0])
        let folder = "result-partition-25MB/1GB/Threads"
        #expect(plan.runs.map(\.path) == ["1/1", "2/1", "1/2", "2/2", "2/3"].map { "\(folder)/\($0)" })
    }

    @Test("A grid has every pair of sizes, with every batch size for each pair")
    func grid() throws {
        let plan = try ExperimentPlan(
            sweeps: [.dataSize([try #require(DataVolume("50MB")), .whole]), .partition([25, 50]), .batchSize([32])],
            defaults: Self.defaults(), runs: 1, isGrid: true)
        let pairs = ["25MB/50MB", "25MB/total", "50MB/50MB", "50MB/total"].map { "result-partition-" + $0 }
        #expect(plan.points.map(\.path) == pairs + pairs.map { $0 + "/Batches/32" })
    }

    @Test("Without a sweep the defaults are measured, and too many ranks are refused")
    func bounds() throws {
        let plain = try ExperimentPlan(sweeps: [], defaults: Self.defaults(), runs: 2, isGrid: false)
        #expect(plain.points.map(\.path) == ["result-partition-25MB/1GB"])
        #expect(throws: Failure.self) {
            let sizes = try Sweep(.dataSize, values: "10TB", processors: 1)
            _ = try ExperimentPlan(sweeps: [sizes], defaults: Self.defaults(), runs: 1, isGrid: false)
        }
    }

    @Test("Too few galaxies are refused without --repeat, which makes every partition full")
    func supply() throws {
        let point = try ExperimentPlan(sweeps: [], defaults: Self.defaults(), runs: 1, isGrid: false).points[0]
        // 41 partitions of 1,278, of which the last has one galaxy at least.
        #expect(throws: Failure.self) {
            try PartitionSupply(galaxies: 40 * 1278, isRepeated: false).check(point)
        }
        let enough = PartitionSupply(galaxies: 40 * 1278 + 1, isRepeated: false)
        try enough.check(point)
        #expect(enough.galaxies(of: point) == 40 * 1278 + 1)
        #expect(PartitionSupply(galaxies: 100_000, isRepeated: false).galaxies(of: point) == 52_398)
        let few = PartitionSupply(galaxies: 512, isRepeated: true)
        try few.check(point)
        #expect(few.files(of: point) == 1)
        #expect(few.galaxies(of: point) == 52_398)
        #expect(PartitionSupply(galaxies: 1279, isRepeated: true).files(of: point) == 2)
    }

    @Test("The whole data set has as many partitions as its galaxies fill")
    func whole() throws {
        for partition in Sweep.partitions {
            let plan = try ExperimentPlan(
                sweeps: [.dataSize([.whole])], defaults: Self.defaults(partition: partition), runs: 1, isGrid: false)
            let supply = PartitionSupply(galaxies: 659_857, isRepeated: false)
            try supply.check(plan.points[0])
            #expect(supply.galaxies(of: plan.points[0]) == 659_857)
        }
    }

    static func defaults(size: String = "1GB", partition: Int = 25, threads: Int? = 4) throws -> ExperimentDefaults {
        ExperimentDefaults(
            size: try #require(DataVolume(size)), batchSize: 512, partition: partition, threads: threads)
    }
}
