import Foundation
import FoundationXML
import Testing

@testable import Inference
@testable import Platform
@testable import Report

private func report(_ rows: String, name: String = "p.csv") throws -> PredictionReport {
    let table = try PredictionTable(PredictionFile(Array("z_phot,z_spec\n\(rows)".utf8), name: name))
    return try PredictionReport(table, name: name)
}

private func rows(_ galaxies: Galaxies) -> String {
    let (predicted, spectroscopic) = galaxies.redshifts
    return zip(predicted, spectroscopic).map { "\($0),\($1)\n" }.joined()
}

private func html(_ report: PredictionReport) -> String { HTMLPage(title: "t", sections: report.sections).html }

/// Checks that all figures are well-formed XML without NaN and infinity.
private func checkFigures(_ report: PredictionReport) {
    for figure in report.sections.flatMap(\.figures) {
        #expect(XMLParser(data: Data(figure.file.utf8)).parse(), "\(figure.id)")
        #expect(!figure.file.contains("\"nan") && !figure.file.contains("inf\"") && !figure.file.contains(" nan"))
    }
}

/// Checks that what a page shows has one minus sign and one symbol for each quantity, and no more digits than known.
private func checkNotation(_ html: String) {
    let body = html[(html.range(of: "<body>")?.upperBound ?? html.startIndex)...]
    let texts =
        body.matches(of: />([^<>]+)</).map { String($0.1) }
        + body.matches(of: /(?:aria-label|alt)="([^"]+)"/).map { String($0.1) }
    #expect(!texts.isEmpty)
    for text in texts {
        #expect(text.firstMatch(of: /(?:^|[\s(|])-\s?\d|\w - \w/) == nil, "\(text)")
        #expect(text.firstMatch(of: /sigma_|\bdz\b|R2|\^2/) == nil, "\(text)")
        #expect(text.firstMatch(of: /\d\.\d{8}/) == nil, "\(text)")
    }
}

@Test(
    "A report has figures, measures with intervals, and bins", arguments: Galaxies.cases.dropFirst())
func everythingIsReported(galaxies: Galaxies) throws {
    let report = try report(rows(galaxies))
    let (predicted, spectroscopic) = galaxies.redshifts
    #expect(report.quality == (try Quality(predicted: predicted, spectroscopic: spectroscopic)))
    #expect(report.galaxies == galaxies.count)
    #expect(report.unknown == 0)
    let figures = report.sections.flatMap(\.figures)
    // No bin of a few galaxies has the ten that a point needs.
    let isBinned = galaxies.count > 10
    #expect(
        figures.map(\.id) == ["redshifts", "residuals", "dz"] + (isBinned ? ["by-redshift"] : [])
            + ["distribution-of-z"])
    checkFigures(report)
    let html = html(report)
    let quality = try #require(report.quality)
    let intervals = try #require(report.intervals)
    for (index, line) in (quality.reference.lines + quality.field.lines).enumerated() {
        let value = line.value.map { Notation.estimate($0, within: intervals[index]) } ?? "undefined"
        #expect(html.contains("<th scope=\"row\">\(Markup.escape(Notation.symbols(line.name)))</th>"), "\(line.name)")
        #expect(html.contains(value), "\(line.name)")
    }
    checkNotation(html)
    #expect(html.contains(Decimals.grouped(galaxies.count)))
}

@Test("Few galaxies are drawn as dots, many as counts in cells; the number outside the axes is stated for both")
func fewAreDotsManyAreCells() throws {
    func density(_ count: Int) -> (Density, String) {
        let values = pseudoRandom(2 * count, seed: 8).map { 1.2 * $0 }
        let scale = Scale.linear(0, 1)
        let density = Density(Array(values[..<count]), Array(values[count...]), x: scale, y: scale, points: "galaxies")
        let outside = zip(values[..<count], values[count...]).count { max($0, $1) > 1 }
        #expect(density.outside == outside)
        let chart = Chart(x: Axis("x", scale), y: Axis("y", scale), layers: [density])
        return (density, chart.figure(id: "d", title: "", description: "").file)
    }
    let (_, dots) = density(2000)
    let (cells, grid) = density(2001)
    #expect(dots.matches(of: /h0/).count == 2000 - density(2000).0.outside)
    #expect(!grid.contains("h0M"))
    #expect(grid.contains("class=\"d0\""))
    #expect(cells.colourBar.step(1) == 0)
}

@Test("Dots are coloured by the number of neighbours, from the lowest step for none to the highest for a hundred")
func dotsAreColouredByNeighbours() {
    let scale = Scale.linear(0, 1)
    let density = Density(
        [Double](repeating: 0.5, count: 100) + [0.9], [Double](repeating: 0.5, count: 100) + [0.1], x: scale, y: scale,
        points: "galaxies")
    let file = Chart(x: Axis("x", scale), y: Axis("y", scale), layers: [density])
        .figure(id: "d", title: "", description: "").file
    let lowest = file.firstMatch(of: /class="o0" d="([^"]*)"/)?.1 ?? ""
    let highest = file.firstMatch(of: /class="o9" d="([^"]*)"/)?.1 ?? ""
    #expect(lowest.matches(of: /h0/).count == 1)
    #expect(highest.matches(of: /h0/).count == 100)
}

@Test("Without a z_spec the report has the distribution, and a note with the reason")
func withoutSpectroscopicRedshifts() throws {
    let report = try report("0.1,\n0.2,\n0.3,\n")
    #expect(report.quality == nil && report.intervals == nil && report.bins == nil)
    #expect(report.unknown == 3)
    #expect(report.sections.flatMap(\.figures).map(\.id) == ["distribution-of-z"])
    #expect(html(report).contains("No galaxy has a z_spec"))
    checkFigures(report)
}

@Test(
    "Unusual tables have a page with notes about them",
    arguments: [
        ("0.2,0.25\n", "Only 1 galaxy"), ("0.1,0.2\n0.3,0.2\n", "R\u{B2} is undefined"),
        ("nan,0.2\n0.3,0.31\n0.4,0.4\n", "1 galaxy left out"),
        ("0.1,\n0.3,0.31\n0.4,0.4\n", "1 galaxy without a known"),
        ("nan,0.2\n", "No galaxy has a finite z_phot and z_spec"), ("nan,\n", "not a finite number"),
        ("1e300,0.1\n-1e300,0.2\n0.1,0.1\n", "MSE"), ("0.1,1e300\n0.1,0.2\n", "R\u{B2}"),
        ("0.1,-0.5\n-0.3,-0.4\n", "MAE"),
        ("0.2,0.2\n0.2,0.2\n", "\u{3C3}_MAD"),
    ])
func unusualTables(rows: String, text: String) throws {
    let report = try report(rows)
    #expect(html(report).contains(text))
    checkFigures(report)
}

@Test("The point of a single galaxy is in the middle of the axes")
func singleGalaxy() throws {
    let page = html(try report("0.1,0.1\n"))
    let dot = try #require(page.firstMatch(of: /class="o0" d="M([0-9.]+) ([0-9.]+)h0/))
    let (x, y) = (try #require(Double(dot.1)), try #require(Double(dot.2)))
    #expect(200 < x && x < 350 && 150 < y && y < 300, "\(x), \(y)")
}

@Test("A table without galaxies is an error that names the file")
func emptyTable() throws {
    let error = try #require(throws: Failure.self) { try report("", name: "empty.csv") }
    #expect(error.description == "empty.csv: no galaxies: expected at least one row below the header")
}
