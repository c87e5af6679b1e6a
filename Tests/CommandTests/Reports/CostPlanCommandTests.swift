import Foundation
import TestSupport
import Testing

@Suite("cai cost --galaxies")
struct CostPlanCommandTests {
    /// `cai cost` with a file of assumptions.
    private func cost(_ arguments: [String], assumptions: String) throws -> Command {
        try Fixture.withTemporaryFolder { folder in
            let file = "\(folder)/assumptions.json"
            try Data(assumptions.utf8).write(to: URL(fileURLWithPath: file))
            return try Command.run(["cost", "--assumptions", file] + arguments)
        }
    }

    @Test(
        "Values that the user gives are listed as given, and no longer as measured or assumed",
        arguments: [
            (#"{"core_rate": 100}"#, "100 galaxies/s a core (", "Measured     a worker's memory"),
            (#"{"processor_rate": 50}"#, "50 galaxies/s a Lambda processor", "Assumed      1 s of overhead"),
            (#"{"network_bytes_per_s": 12e6}"#, "12 MB/s from S3", "until the first begins; an account"),
            (#"{"overhead_s": 3}"#, "3 s of overhead", "threads); 10 s until"),
            (#"{"start_s": 4}"#, "4 s until the first begins", "emulator); 70 MB/s"),
            (#"{"max_concurrency": 77}"#, "an account with 77 at once", "70 MB/s from S3\n"),
        ])
    func given(assumptions: String, given: String, others: String) throws {
        let command = try cost(["--galaxies", "5000"], assumptions: assumptions)
        #expect(command.status == 0)
        let text = command.output.split(whereSeparator: \.isNewline).map { String($0.drop { $0 == " " }) }
            .joined(separator: "\n")
        let unwrapped = text.replacing("\n", with: " ").replacing(" Left free", with: "\nLeft free")
        #expect(unwrapped.contains("Given        \(given)"), "\(command.output)")
        #expect(unwrapped.contains(others), "\(command.output)")
    }

    @Test("cai cost plans half a million galaxies in a minute")
    func headline() throws {
        let (arguments, price) = (["--galaxies", "500000", "--within", "60s"], #"{"instance_usd_per_hour": 1.2}"#)
        let command = try cost(arguments, assumptions: price)
        #expect(command.status == 0)
        #expect(command.errors.isEmpty)
        #expect(command.output.contains("One machine  19 cores at 460 galaxies/s each, $0.0200 at $1.20 an hour\n"))
        for part in ["Measured ", "Assumed ", "Nothing was measured on AWS", "230 galaxies/s a Lambda processor"] {
            #expect(command.output.contains(part), "\(part)")
        }
        let json = try object(try cost(arguments + ["--json"], assumptions: price).output)
        let plans = try ["cheapest", "in_time", "fastest"].map { try #require(json[$0] as? [String: Any]) }
        let seconds = plans.compactMap { $0["total_s"] as? Double }
        let dollars = plans.compactMap { ($0["bill"] as? [String: Any])?["total_usd"] as? Double }
        #expect(seconds[1] <= 60)
        #expect(seconds == seconds.sorted(by: >))
        #expect(dollars == dollars.sorted())
        #expect((json["one_machine"] as? [String: Any])?["cores"] as? Int == 19)
        let assumptions = try #require(json["assumptions"] as? [String: Any])
        #expect(assumptions["core_rate"] as? Double == 460)
        #expect(assumptions["processor_rate"] as? Double == 230)
        // The plan itself is within the account's limits.
        let workers = try #require(plans[1]["workers"] as? Int)
        #expect(command.output.contains("\(workers) workers of "))
    }

    @Test("docs/COST.md shows what the command prints")
    func document() throws {
        let output = try Command.run(["cost", "--galaxies", "500000", "--within", "60s"]).output
        let block: String = "```console\n$ cai cost --galaxies 500000 --within 60s\n\(output)```\n"
        #expect(try text(of: Fixture.root + "/docs/COST.md").contains(block))
    }

    @Test(
        "A file of assumptions with an unknown key or an invalid value is an error that names it",
        arguments: [
            (#"{"corerate": 1}"#, "'corerate': expected one of core_rate, core_source, "),
            (#"{"core_rate": 0}"#, "core_rate: expected a number above 0, at most 10^12, found 0"),
            (#"{"core_rate": "fast"}"#, "core_rate: expected a number above 0, at most 10^12, found 'fast'"),
            (#"{"core_source": 1}"#, "core_source: expected text, found 1"),
            (#"{"core_source": "mine"}"#, "core_source: expected its rate with it"),
            (#"{"overhead_s": 3600}"#, "overhead_s: expected seconds from 0 to 600, found 3600"),
            (#"{"reserve": 1}"#, "reserve: expected a fraction from 0 to 0.9, found 1"),
            (#"{"max_concurrency": 0}"#, "max_concurrency: expected a whole number from 1 to 10000, found 0"),
            (#"{"max_concurrency": 2.5}"#, "max_concurrency: expected a whole number from 1 to 10000, found 2.5"),
            (#"{"memory_limit_mb": 20480}"#, "memory_limit_mb: expected a whole number from 128 to 10240"),
            (
                #"{"partition_sizes_mb": [25, 0]}"#,
                "partition_sizes_mb: expected a list of MB from 1 to 100000, found 0"
            ),
            (#"{"partition_sizes_mb": 25}"#, "partition_sizes_mb: expected a list of MB from 1 to 100000, found 25"),
            (#"{"partition_sizes_mb": [20000]}"#, "expected a plan within AWS's limits, found none"),
            ("[1]", "expected a JSON object"),
        ])
    func invalidAssumptions(text: String, message: String) throws {
        let command = try cost(["--galaxies", "1000000"], assumptions: text)
        #expect(command.status == 1 && command.errorLines.count == 1)
        #expect(command.errors.contains(message), "\(command.errors)")
        let more = try cost(["--galaxies", "5", "--memory", "4000"], assumptions: #"{"memory_limit_mb": 3008}"#)
        #expect(more.status == 2 && more.errors.contains("--memory: expected at most the 3008 MB of --assumptions"))
    }

    @Test("The assumptions that --json prints are a file of assumptions, which gives the same plan")
    func printedAssumptions() throws {
        let arguments = ["--galaxies", "200000", "--within", "60s", "--json"]
        for stated in ["{}", #"{"memory_limit_mb": 1000, "partition_sizes_mb": [25], "instance_usd_per_hour": 2}"#] {
            let plan = try object(try cost(arguments, assumptions: stated).output)
            let assumptions = try #require(plan["assumptions"])
            let text = String(decoding: try JSONSerialization.data(withJSONObject: assumptions), as: UTF8.self)
            let again = try object(try cost(arguments, assumptions: text).output)
            #expect(again as NSDictionary == plan as NSDictionary)
        }
    }

    @Test("A plan respects the account's limits and a given rate")
    func options() throws {
        let json = try object(
            try cost(
                ["--galaxies", "200000", "--within", "5min", "--architecture", "arm64", "--json"],
                assumptions: """
                    {"memory_limit_mb": 3008, "max_concurrency": 10, "core_rate": 300, "partition_sizes_mb": [25, 100]}
                    """
            ).output)
        for name in ["cheapest", "in_time", "fastest"] {
            let plan = try #require(json[name] as? [String: Any])
            #expect(try #require(plan["memory_mb"] as? Int) <= 3008)
            #expect(try #require(plan["at_once"] as? Int) <= 10)
            #expect([1278, 5113].contains(try #require(plan["galaxies_of_a_partition"] as? Int)))
        }
        #expect((json["assumptions"] as? [String: Any])?["processor_rate"] as? Double == 150)
        let fixed = try object(
            try cost(
                ["--galaxies", "1000", "--memory", "1769", "--json"], assumptions: #"{"processor_rate": 100}"#
            ).output)
        let plan = try #require(fixed["cheapest"] as? [String: Any])
        #expect(plan["memory_mb"] as? Int == 1769)
        // One second of overhead, and 1000 galaxies at 100 a second.
        #expect(plan["worker_s"] as? Double == 11)
    }

    @Test(
        "cai cost exits with 1 and the reason if no plan exists",
        arguments: [
            (
                ["--galaxies", "500000", "--within", "5s"],
                "for 500,000 galaxies that ends within 5 s, found none: the fastest takes "
            ),
            (["--galaxies", "500000", "--within", "5s"], "one machine would need 218 cores"),
            (["--galaxies", "10", "--prices", "nowhere.json"], "nowhere.json: no such file"),
            (["--galaxies", "10", "--prices", "Sources"], "Sources: is a folder, not a file"),
            (["--galaxies", "10", "--prices", "README.md"], "README.md: expected JSON"),
        ])
    func impossible(arguments: [String], message: String) throws {
        let command = try Command.run(["cost"] + arguments)
        #expect(command.status == 1)
        #expect(command.output.isEmpty)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(message), "\(command.errors)")
    }
}
