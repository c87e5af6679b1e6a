import Foundation
import TestSupport
import Testing

@Suite("cai cost")
struct CostCommandTests {
    @Test("cai cost prints the four published costs, and the AWS bill of each")
    func published() throws {
        let command = try Command.run(["cost", "--published"])
        #expect(command.status == 0)
        #expect(command.errors.isEmpty)
        let lines = command.outputLines.map { $0.split(separator: " ").joined(separator: " ") }
        // Lambda alone at 10,240 MB: n x s x 10 x price + n x 2e-7, in Python.
        for row in [
            "25 MB 517 6.55 s 2.8 GB $0.16 $0.16 $0.56 $0.45 ", "50 MB 259 11.80 s 4.0 GB $0.20 $0.20 $0.51 $0.41 ",
            "75 MB 173 17.60 s 5.9 GB $0.30 $0.30 $0.51 $0.41 ", "100 MB 130 25.00 s 7.0 GB $0.38 $0.38 $0.54 $0.43 ",
        ] {
            #expect(lines.contains { $0.hasPrefix(row) }, "\(row)")
        }
        #expect(command.output.contains("259 workers of 14.8 s"))
        let json = try object(try Command.run(["cost", "--published", "--json"]).output)
        let rows = try #require(json["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["published_usd"] as? Double } == [0.16, 0.2, 0.3, 0.38])
        let logged = (json["logged"] as? [String: Any])?["cost"] as? [String: Any]
        let billed = (logged?["billed"] as? [String: Any])?["x86_64"] as? [String: Any]
        #expect(abs(try #require(billed?["lambda_usd"] as? Double) - 0.64) < 0.005)
    }

    @Test("A run described by options has the published cost and both bills")
    func described() throws {
        let arguments = [
            "cost", "--requests", "517", "--duration", "6.55s", "--memory-used", "2.8GB", "--memory", "10240",
            "--storage", "1GB",
        ]
        let command = try Command.run(arguments)
        #expect(command.status == 0)
        #expect(command.output.hasPrefix("517 workers of 6.55 s, 2.80 GB used, 10,240 MB configured\n"))
        #expect(command.output.contains("memory x time               $0.16           $0.56          $0.45\n"))
        let json = try object(try Command.run(arguments + ["--json"]).output)
        let formula = try #require(json["published_formula"] as? [String: Any])
        #expect(abs(try #require(formula["functions_usd"] as? Double) - 0.158029982726) < 1e-10)
        // 0.5 GB x 517 x 6.55 s x 3.09e-8
        #expect(abs(try #require(formula["storage_usd"] as? Double) - 0.0000523190) < 1e-9)
        #expect((json["prices"] as? [String: Any])?["as_of"] as? String == "2025-01")
    }

    /// A run of two ranks, a second and three, on 1,769 MB, in `folder`.
    private func writeRun(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let ranks = [1.0, 3.0].map { seconds in
            """
            {"run_id": "r", "total_cpu_time (seconds)": \(seconds), "total_cpu_memory (MB)": 107.3741824,
             "throughput_bps": 1, "batch_size": 512, "num_samples": 400, "data_path": "p/1.pt", "result_path": "r",
             "s3_total_time": 1, "s3_num_requests": 11, "inference_s": \(seconds), "total_s": \(seconds),
             "threads": 1, "configured_memory_mb": 1769}
            """
        }
        try Data("[\(ranks.joined(separator: ","))]".utf8).write(
            to: URL(fileURLWithPath: folder + "/combined_data.json"))
    }

    @Test("A run has the same cost by its folder, its file and its object in a store")
    func run() throws {
        try Fixture.withTemporaryFolder { folder in
            try writeRun(folder + "/results/r")
            let locations = ["results/r", "results/r/", "results/r/combined_data.json", "s3://results/r"].map {
                [$0.hasPrefix("s3") ? $0 : folder + "/" + $0, "--store", "file://" + folder]
            }
            let costs = try locations.map { arguments in
                let command = try Command.run(["cost", "--json"] + arguments)
                #expect(command.errors.isEmpty)
                let runs = try #require(try object(command.output)["runs"] as? [[String: Any]])
                return try #require((runs[0]["cost"] as? [String: Any])?["gb_s"] as? Double)
            }
            // 4 s, and 1.005 s each of Initialize and Summarize.
            for cost in costs { #expect(abs(cost - 6.01 * 1769 / 1024) < 1e-9) }
            let text = try Command.run(["cost", folder + "/results/r"]).output
            #expect(text.contains("2 workers of 2.00 s, 0.10 GB used, 1,769 MB configured\n"))
            #expect(text.contains("Time: total_s of each rank"))
            // Its rate is 800 galaxies in 4 processor seconds.
            let plan = try object(
                try Command.run(["cost", folder + "/results/r", "--galaxies", "1000", "--json"]).output)
            #expect((plan["assumptions"] as? [String: Any])?["processor_rate"] as? Double == 200)
            let given = try Command.run(["cost", folder + "/results/r", "--galaxies", "1000"]).output
            #expect(given.contains("Measured     200 galaxies/s a Lambda processor"))
            #expect(given.contains("Assumed      1 s of overhead"))
        }
    }

    @Test("cai cost prints one line for each run of a tree")
    func tree() throws {
        let tree = Fixture.root + "/Tests/Fixtures/results/tree"
        let command = try Command.run(["cost", tree])
        #expect(command.status == 0, "\(command.errors)")
        #expect(command.output.contains("published formula  billed, x86_64  billed, arm64\n"))
        let json = try object(try Command.run(["cost", tree, "--json", "--memory-used", "2GB"]).output)
        let runs = try #require(json["runs"] as? [[String: Any]])
        #expect(runs.count == command.outputLines.filter { $0.hasPrefix(tree) }.count)
        #expect(runs.count > 2)
        for run in runs {
            let cost = try #require(run["cost"] as? [String: Any])
            let formula = try #require(cost["published_formula"] as? [String: Any])
            let (requests, seconds) = (cost["requests"] as? Int ?? 0, cost["duration_s"] as? Double ?? 0)
            let dollars = Double(requests) * (seconds * 2 * 0.0000166667 + 2e-7)
            #expect(abs(try #require(formula["total_usd"] as? Double) - dollars) < 1e-12)
        }
    }

    @Test(
        "cai cost exits with 1 for a path without results",
        arguments: [
            ("nowhere", "nowhere: no such file"),
            ("Sources", "Sources: expected combined_data.json or result-partition"),
            ("README.md", "README.md: expected JSON"),
        ])
    func noRun(path: String, message: String) throws {
        let command = try Command.run(["cost", path])
        #expect(command.status == 1)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(message), "\(command.errors)")
    }

    @Test("--prices reads other prices from a file")
    func prices() throws {
        try Fixture.withTemporaryFolder { folder in
            let own = try text(of: Fixture.root + "/Sources/Costs/prices.json")
            let dear = own.replacingOccurrences(of: "0.0000166667", with: "1").replacingOccurrences(
                of: "us-east-1", with: "elsewhere")
            try Data(dear.utf8).write(to: URL(fileURLWithPath: folder + "/prices.json"))
            let command = try Command.run([
                "cost", "--requests", "3", "--duration", "2", "--memory-used", "1GB", "--memory", "1024", "--prices",
                folder + "/prices.json",
            ])
            #expect(command.status == 0)
            #expect(command.output.contains("memory x time               $6.00 "))
            #expect(command.output.contains("Prices of elsewhere, 2025-01;"))
        }
    }

    @Test(
        "cai cost refuses invalid command lines",
        arguments: [
            ([], "expected a run, --requests with --duration, --galaxies or --published"),
            (["--requests", "5"], "expected --requests and --duration together"),
            (["--duration", "5s"], "expected a run, --requests"),
            (["--published", "--galaxies", "5"], "found --published and --galaxies"),
            (["--requests", "5", "--duration", "5", "--galaxies", "5"], "found --requests and --galaxies"),
            (["--requests", "0", "--duration", "5"], "--requests: expected 1 to 1000000000, found 0"),
            (
                ["--requests", "1", "--duration", "901"],
                "--duration: expected more than 0 and at most 900 s, found 901s"
            ),
            (["--requests", "1", "--duration", "5 days"], "'5 days' is invalid for '--duration <time>'"),
            (
                ["--requests", "1", "--duration", "1", "--memory", "64"],
                "--memory: expected whole MB from 128 to 10240"
            ),
            (["--requests", "1", "--duration", "1", "--memory", "1.3GB"], "--memory: expected whole MB"),
            (["--requests", "1", "--duration", "1", "--storage", "100"], "--storage: expected whole MB from 512"),
            (["--requests", "1", "--duration", "1", "--memory-used", "0"], "--memory-used: expected more than 0"),
            (["--requests", "1", "--duration", "1", "--within", "60s"], "--within: expected --galaxies with it"),
            (["--published", "--architecture", "arm64"], "--architecture: expected --galaxies with it"),
            // An option with its default value counts as given.
            (["--published", "--architecture", "x86_64"], "--architecture: expected --galaxies with it"),
            (["run", "--assumptions", "a.json"], "--assumptions: expected --galaxies with it"),
            (["--galaxies", "5", "--assumptions", ""], "--assumptions: expected a name"),
            (["--published", "--storage", "1024"], "--storage: expected it without --published"),
            (["--galaxies", "0"], "--galaxies: expected 1 to 1000000000000, found 0"),
            (["--galaxies", "5", "--within", "0s"], "--within: expected a number above 0"),
            (["--galaxies", "5", "--memory-used", "2GB"], "--memory-used: expected --requests or a run with it"),
            (["--galaxies", "5", "--architecture", "riscv"], "--architecture"),
            (["run", "--published"], "found --published and 'run'"),
            ([""], "run: expected a name"),
            (["--galaxies", "5", "--prices", ""], "--prices: expected a name"),
        ])
    func usage(arguments: [String], message: String) throws {
        let command = try Command.run(["cost"] + arguments)
        #expect(command.status == 2, "\(command.errors)")
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(message), "\(command.errors)")
    }
}
