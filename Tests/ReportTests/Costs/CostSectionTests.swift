import Foundation
import TestSupport
import Testing

@testable import Costs
@testable import Report

@Suite("Costs on a page")
struct CostSectionTests {
    private static func html(_ section: PageSection) -> String { HTMLPage(title: "t", sections: [section]).html }

    @Test("The page of a run has every term of the formula and of both bills")
    func run() throws {
        let json = """
            [{"run_id": "r", "total_cpu_time (seconds)": 600, "total_cpu_memory (MB)": 1073.741824, "throughput_bps": 1,
              "batch_size": 512, "num_samples": 100000, "data_path": "p/1.pt", "result_path": "r", "s3_num_requests": 11,
              "s3_total_time": 1, "inference_s": 600, "total_s": 600, "threads": 6, "configured_memory_mb": 10240}]
            """
        let section = CostSection.of(try RunCost(json: Array(json.utf8), name: "run"))
        let html = Self.html(section)
        // 600 s x 1 GB and x 10 GB; Initialize and Summarize add 0.00006 to the latter.
        #expect(
            html.contains("<th scope=\"row\">memory x time</th><td class=\"n\">$0.0100</td><td class=\"n\">$0.10</td>"))
        #expect(html.contains("published formula <strong>$0.0100</strong>"))
        #expect(html.contains("a million galaxies"))
        #expect(html.contains("Prices of us-east-1, 2025-01"))
        #expect(!html.contains("nan"))
    }

    @Test("The page of a tree has a row for each setting, and figures for each varied quantity")
    func tree() throws {
        let tree = try ResultTree([Fixture.root + "/Tests/Fixtures/results/tree"])
        let section = CostSection.of(tree)
        let tables = section.items.compactMap { item in if case .table(let table) = item { table } else { nil } }
        let rows = try #require(tables.first).rows
        #expect(rows.count == tree.groups.count)
        let group = try #require(tree.groups.first)
        let dollars = group.runs.map { RunCost($0.ranks, name: "").comparison.bill(on: .x86).total }
        #expect(rows[0][6] == Dollars.text(dollars.reduce(0, +) / Double(dollars.count)))
        #expect(Set(section.figures.map(\.id)).count == section.figures.count)
        for row in rows { #expect(row[2].allSatisfy { $0.isNumber || ", to".contains($0) }, "workers: \(row[2])") }
        for figure in section.figures {
            #expect(!figure.file.contains("nan"))
            #expect(figure.file.contains("cost (US dollars)"))
        }
        let sizes = Set(tree.groups.filter { $0.key.variation == .none }.map(\.key.partition))
        #expect(section.figures.contains { $0.id == "cost-by-partition" } == (sizes.count > 1))
    }

    @Test("The section for half a million galaxies has the planner's workers, cost and cores")
    func headline() throws {
        let section = try PlanSection.plan(galaxies: 500_000, within: 60)
        var planner = Planner(galaxies: 500_000)
        let inTime = try #require(Planner.cheapest(of: planner.candidates(), within: 60))
        let html = Self.html(section)
        #expect(section.title == "Plan: 500,000 galaxies within 60 s")
        #expect(html.contains("on AWS Lambda <strong>\(inTime.plan.ranks) workers</strong>"))
        #expect(html.contains("\(Dollars.text(inTime.cost)) a run"))
        #expect(html.contains("on one machine <strong>19 cores</strong>"))
        #expect(html.contains("Nothing was measured on AWS"))
        #expect(section.figures.map(\.id) == ["cost-by-deadline"])
        planner.architecture = .arm
        let arm = try #require(Planner.cheapest(of: planner.candidates(), within: 60))
        #expect(arm.cost < inTime.cost)
        #expect(html.contains("arm64: \(arm.plan.ranks) workers, \(Dollars.text(arm.cost)), "))
    }

    @Test("A deadline that cannot be met is stated beside the possible plans")
    func late() throws {
        var assumptions = PlanAssumptions()
        assumptions.setCoreRate(2, source: "a slow one")
        let section = try PlanSection.plan(galaxies: 500_000, within: 60, assumptions: assumptions)
        let html = Self.html(section)
        #expect(html.contains("on AWS Lambda <strong>not in time</strong> <small>the fastest plan takes "))
        // 500,000 / (2 x 60), rounded up.
        #expect(html.contains("<strong>4,167 cores</strong>"))
        #expect(section.figures.count == 1)
        #expect(!html.contains("In time:"))
        #expect(!html.contains("nan"))
    }
}
