import Foundation
import TestSupport
import Testing

@Test("The page of a tree has a figure for each sweep, with reference measurements, and the same bytes every time")
func treePage() throws {
    try Fixture.withTemporaryFolder { folder in
        let arguments = [
            "report", Fixture.path("results/tree"), "--reference", "docs/results/reference.csv", "--durations",
            Fixture.path("results/state_machine_logs.csv"), "--figures", folder + "/figures",
        ]
        let first = try Command.run(arguments + ["-o", folder + "/a.html", "--json"])
        #expect(first.status == 0)
        #expect(first.errors.isEmpty)
        #expect(try object(first.output)["runs"] as? Int == 22)
        let figures = try names(in: folder + "/figures")
        for figure in ["time-by-size", "time-by-size-log", "sum-of-ranks-by-batch", "rate-by-threads", "ranks"] {
            #expect(figures.contains(figure + ".svg"))
        }
        let page = try text(of: folder + "/a.html")
        #expect(page.contains("25 MB, AWS Lambda 10,240 MB</text>"))
        #expect(page.contains("Limits of these data"))
        for figure in figures { #expect(page.contains("<figure id=\"\(figure.dropLast(4))\">")) }
        #expect(try Command.run(arguments + ["-o", folder + "/b.html", "--quiet"]).status == 0)
        #expect(try text(of: folder + "/b.html") == page)
    }
}
