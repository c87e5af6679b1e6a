import Foundation
import TestSupport
import Testing

/// Files that version 0.1.0 wrote (Tests/Fixtures/before), read by this program.
@Suite("Files of version 0.1.0")
struct EarlierVersionTests {
    private static let folder = Fixture.path("before")

    /// A store with copies of the partitions of `before/run`, and the run's results.
    private func withStore(_ body: (_ store: String) throws -> Void) throws {
        try Fixture.withTemporaryFolder { store in
            let files = FileManager.default
            for name in ["data/p", "results"] {
                try files.createDirectory(atPath: "\(store)/\(name)", withIntermediateDirectories: true)
            }
            for file in ["1", "2"] {
                try files.copyItem(atPath: Fixture.path("tiny/partition.pt"), toPath: "\(store)/data/p/\(file).pt")
            }
            try files.copyItem(atPath: Self.folder + "/run", toPath: store + "/results/run")
            let input =
                #"{"bucket":"results","result_path":"run","data_bucket":"data","data_prefix":"p","batch_size":16,"#
            try Data((input + #""resume":true}"#).utf8).write(to: URL(fileURLWithPath: store + "/input.json"))
            let event = #"{"manifest":{"bucket":"results","key":"run/manifest.json"}}"#
            try Data(event.utf8).write(to: URL(fileURLWithPath: store + "/event.json"))
            try body(store)
        }
    }

    private func file(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test("cai summarize refuses a run of version 0.1.0, whose results do not state what they were computed from")
    func summarize() throws {
        try withStore { store in
            let command = try Command.run(["summarize", store + "/event.json", "--store", "file://" + store])
            #expect(command.status == 1)
            #expect(command.errors.contains("found that of an earlier version: resume the run"), "\(command.errors)")
            #expect(
                try file(store + "/results/run/predictions.csv") == file(Self.folder + "/run/predictions.csv"))
        }
    }

    @Test("A run of version 0.1.0 that lacks a rank is resumed, and gives the same galaxies within the last bits")
    func resume() throws {
        try withStore { store in
            // The copies are newer than the manifest's partitions: their ranks are run again.
            let command = try Command.run(
                ["run", store + "/input.json", "--store", "file://" + store, "--quiet"],
                environment: ["CAI_WEIGHTS": Fixture.path("tiny/normalcell.pt")])
            #expect(command.status == 0, "\(command.errors)")
            let paths = [store + "/results/run/predictions.csv", Self.folder + "/run/predictions.csv"]
            let rows = try paths.map { path in
                try text(of: path).split(separator: "\n").dropFirst().map { $0.split(separator: ",").map(String.init) }
            }
            #expect(rows[0].count == 74 && rows[1].count == 74)
            let header = try text(of: paths[0]).split(separator: "\n").first?.split(separator: ",").map(String.init)
            let column = try #require(header?.firstIndex(of: "z_phot"))
            for (row, earlier) in zip(rows[0], rows[1]) {
                #expect(row[0] == earlier[0])
                #expect(abs(try #require(Double(row[column])) - #require(Double(earlier[column]))) <= 4e-6)
            }
            let summary = try object(String(decoding: file(store + "/results/run/summary.json"), as: UTF8.self))
            let earlier = try object(String(decoding: file(Self.folder + "/run/summary.json"), as: UTF8.self))
            #expect(summary["run_id"] as? String == earlier["run_id"] as? String)
            #expect(summary["galaxies"] as? Int == 74)
        }
    }

    @Test("A tree and a run of version 0.1.0 are accepted by cai stats, cost and report")
    func report() throws {
        try Fixture.withTemporaryFolder { folder in
            let stats = try Command.run(["stats", Self.folder + "/tree", "-o", folder + "/tables", "--quiet"])
            #expect(stats.status == 0, "\(stats.errors)")
            #expect(stats.output.contains("25 MB partitions, 0.05 GB"))
            #expect(try Command.run(["cost", Self.folder + "/run"]).output.contains("74 galaxies"))
            let page = try Command.run(["report", Self.folder + "/tree", "-o", folder + "/tree.html", "--quiet"])
            #expect(page.status == 0, "\(page.errors)")
            let html = String(decoding: try file(folder + "/tree.html"), as: UTF8.self)
            #expect(html.contains("cai 0.1.0, commit 0123456789ab, weights normalcell.pt"))
            #expect(try Command.run(["report", Self.folder + "/run", "-o", folder + "/run.html"]).status == 0)
        }
    }

    @Test("Parts of ranks that version 0.1.0 wrote are merged")
    func merge() throws {
        try Fixture.withTemporaryFolder { folder in
            let parts = (0..<2).map { "\(Self.folder)/ranks/z.rank-000\($0)-of-0002.csv" }
            let merged = try Command.run(["merge"] + parts + ["-o", folder + "/z.csv"])
            #expect(merged.status == 0, "\(merged.errors)")
            let rows = try file(folder + "/z.csv").split(separator: 10)
            #expect(rows.count == 38)
            let second = try file(parts[1]).split(separator: 10)
            #expect(try rows == file(parts[0]).split(separator: 10) + second.dropFirst())
        }
    }

    @Test("A journal of version 0.1.0, whose galaxies have other bits, is refused and kept")
    func journal() throws {
        try Fixture.withTemporaryFolder { folder in
            let inputs = (1...20).map { "\($0).pt" }
            for input in inputs {
                try FileManager.default.copyItem(
                    atPath: Fixture.path("tiny/partition.pt"), toPath: "\(folder)/\(input)")
            }
            let journal = folder + "/z.csv.partial"
            try FileManager.default.copyItem(atPath: Self.folder + "/journal/z.csv.partial", toPath: journal)
            let resumed = try Ranks.run(
                inputs + ["-o", "z.csv", "--batch-size", "16", "--resume", "--quiet"], in: folder)
            #expect(resumed.status == 1)
            #expect(
                resumed.errors.hasPrefix("cai: error: z.csv.partial: is of a run with other arithmetic: expected "),
                "\(resumed.errors)")
            #expect(resumed.errors.contains(", found none stated (packed, portable, cai 0.1.0)"), "\(resumed.errors)")
            #expect(resumed.errors.hasSuffix(": remove it, or give another --output\n"))
            #expect(try file(journal) == file(Self.folder + "/journal/z.csv.partial"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/z.csv"))
        }
    }
}
