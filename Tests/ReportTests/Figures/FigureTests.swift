import Foundation
import FoundationXML
import Testing

@testable import Report

/// The elements and texts of an XML document.
private final class Document: NSObject, XMLParserDelegate {
    private(set) var elements: [(name: String, attributes: [String: String])] = []
    private(set) var text = ""

    init?(_ source: String) {
        super.init()
        let parser = XMLParser(data: Data(source.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) { elements.append((name, attributes)) }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func all(_ name: String) -> [[String: String]] { elements.filter { $0.name == name }.map(\.attributes) }
}

private func chart(_ layers: [any ChartLayer], x: Scale = .linear(0, 10), y: Scale = .linear(0, 10)) -> Figure {
    Chart(x: Axis("data size (GB)", x), y: Axis("time (s)", y), layers: layers)
        .figure(id: "Time & size", title: "Time <against> size", description: "It \"rises\"\u{1}.")
}

@Test("A figure's file is well-formed XML, escapes strings, and has a title, a description, a size and its own colours")
func fileIsWellFormed() throws {
    let figure = chart([LineSeries(name: "a < b & c", points: [.init(1, 2), .init(5, 5, range: 4...6)], series: 0)])
    #expect(figure.id == "time-size")
    let document = try #require(Document(figure.file))
    #expect(document.text.contains("Time <against> size"))
    #expect(document.text.contains("It \"rises\"\u{FFFD}."))
    #expect(document.text.contains("a < b & c"))
    #expect(document.text.contains("prefers-color-scheme:dark"))
    #expect(!figure.file.contains("var("))
    let root = try #require(document.all("svg").first)
    #expect(root["viewBox"] == "0 0 520 380")
    #expect(root["width"] == "520")
    #expect(root["aria-label"] == "Time <against> size. It \"rises\"\u{FFFD}.")
}

@Test("A figure on a page has neither a style nor a size of its own")
func inlineFollowsThePage() throws {
    let document = try #require(Document(chart([]).inline))
    #expect(document.all("style").isEmpty)
    #expect(document.all("svg").first?["width"] == nil)
}

@Test("Both axes carry their titles, and ticks their labels")
func axesAreLabelled() throws {
    let document = try #require(Document(chart([]).file))
    for label in ["data size (GB)", "time (s)", "\n10\n"] { #expect(document.text.contains(label)) }
}

@Test("Points that cannot be drawn leave a gap, and no NaN in the file")
func whatCannotBeDrawn() throws {
    let points = [1, 2, .nan, 4, 5].map { LineSeries.Point($0, $0, range: ($0.isNaN ? 0 : -1)...3) }
    let scale = Scale.logarithmic(covering: [1, 5])
    let figure = chart(
        [
            LineSeries(name: "s", points: points + [.init(6, 0), .init(7, -.infinity)], series: 2),
            Boxes("b", edges: [0, 1, .infinity], heights: [.nan, 3], series: 1),
            Band(name: "", points: [(.nan, 1, 2), (2, 1, 2)], series: 1), Guide("g", [(1, 1), (.infinity, 2), (3, 3)]),
        ], x: scale, y: scale)
    #expect(!figure.file.contains("nan"))
    #expect(!figure.file.contains("inf"))
    let document = try #require(Document(figure.file))
    let line = try #require(document.all("path").first { $0["class"] == "l2" }?["d"])
    #expect(line.count { $0 == "M" } == 2)
    #expect(line.count { $0 == "L" } == 2)
    #expect(document.all("path").count { $0["class"] == "f2" } == 4 + 1)  // one in the legend
}

@Test("Positions follow the scales: a point in the middle of both axes lies in the middle of the plot")
func positionsFollowScales() throws {
    let figure = chart([Boxes("", [.init(x: 0...10, y: 0...10), .init(x: 5...10, y: 0...5)], series: 0)])
    let document = try #require(Document(figure.file))
    let clip = try #require(document.all("rect").first { $0["class"] == nil })
    func value(_ key: String) throws -> Double { try #require(clip[key].flatMap(Double.init)) }
    let path = try #require(document.all("path").first { $0["class"] == "f0" }?["d"])
    let half = (x: try value("x") + (try value("width")) / 2, y: try value("y") + (try value("height")) / 2)
    #expect(path.contains("M\(Markup.number(half.x)) \(Markup.number(half.y))h"))
}

@Test("Rows of a legend are not wider than the figure", arguments: [1, 3, 8, 20])
func legendsFit(count: Int) throws {
    let layers = (0..<count).map {
        LineSeries(name: "\($0) MB partitions of a survey", points: [.init(1, 1)], series: $0)
    }
    let document = try #require(Document(chart(layers).file))
    let names = document.all("text").prefix(count)
    var positions: Set<String> = []
    for name in names {
        let x = try #require(name["x"].flatMap(Double.init))
        #expect(x + SVG.width(of: "20 MB partitions of a survey") <= 520)
        positions.insert("\(x) \(name["y"] ?? "")")
    }
    #expect(positions.count == count)
    let clip = try #require(document.all("rect").first { $0["class"] == nil }?["y"].flatMap(Double.init))
    let lowest = try #require(names.compactMap { $0["y"].flatMap(Double.init) }.max())
    #expect(lowest < clip)
}

@Test("A legend states how many points lie outside the axes, and how many share a position")
func hiddenMarkers() throws {
    let figure = chart([
        LineSeries(name: "a", points: [.init(1, 1), .init(2, 2), .init(3, 3), .init(11, 5)], series: 0),
        LineSeries(name: "b", points: [.init(2, 2), .init(5, 5), .init(.nan, 1)], series: 1),
        LineSeries(name: "no markers", points: [.init(3, 3), .init(99, 1)], series: 2, hasMarkers: false),
    ])
    let text = try #require(Document(figure.file)).text
    #expect(text.contains("outside the axes: 2 points") && text.contains("at a shared position: 2 points"))
    #expect(figure.description.hasSuffix("outside the axes: 2 points. at a shared position: 2 points."))
    let one = Chart(
        x: Axis("x", .linear(0, 1)), y: Axis("y", .linear(0, 1)), layers: [], leftOut: ("galaxies", 1))
    #expect(one.remarks == ["outside the axes: 1 galaxy"])
    #expect(chart([LineSeries(points: [.init(1, 1)], series: 0)]).description == "It \"rises\"\u{1}.")
}

@Test("Labels of a vertical axis are thinned until they do not touch, and no bar is thinner than a pixel")
func manyBars() throws {
    let bars = (0..<160).map { Boxes.Box(x: 0...1e-9, y: Double($0)...Double($0) + 0.001, label: "bar \($0)") }
    let ticks = (0..<160).map { (value: Double($0), label: "tick\($0)") }
    let figure = Chart(
        x: Axis("x", .linear(0, 10)), y: Axis("y", .linear(0, 160), ticks: ticks), layers: [Boxes("", bars, series: 0)]
    ).figure(id: "bars", title: "", description: "")
    let document = try #require(Document(figure.file))
    let labels = document.all("text").filter { $0["text-anchor"] == "end" }.compactMap { $0["y"].flatMap(Double.init) }
    #expect(labels.count > 10 && labels.count < 40)
    for (a, b) in zip(labels, labels.dropFirst()) { #expect(abs(a - b) >= 1.2 * FigureStyle.fontSize - 0.02) }
    let drawn = document.all("rect").filter { $0["class"] == "f0" }
    #expect(drawn.count == 160)
    for bar in drawn {
        #expect(bar["width"].flatMap(Double.init) ?? 0 >= 1.6 && bar["height"].flatMap(Double.init) ?? 0 >= 1.6)
    }
}

@Test("The labels of an axis of counts are whole numbers", arguments: [1.0, 2, 4.5, 5, 81])
func wholeCounts(most: Double) {
    let axis = Axis.counts("galaxies", most: most)
    #expect(axis.scale.domain.lowerBound == 0 && axis.scale.domain.upperBound >= most)
    let ticks = axis.ticks ?? axis.scale.ticks(most: 8)
    #expect(ticks.count > 1 && ticks.allSatisfy { $0.value == $0.value.rounded() })
}

@Test(
    "Coordinates have the fewest characters",
    arguments: [
        (12, "12"), (12.5, "12.5"), (-0.034, "-0.03"), (0.999, "1"), (-0.001, "0"), (.nan, "0"), (1e300, "1000000"),
    ]
        as [(Double, String)])
func coordinatesAreShort(value: Double, text: String) { #expect(Markup.number(value) == text) }

@Test(
    "Ids of elements are letters, digits and hyphens",
    arguments: [("A b--C", "a-b-c"), ("25 MB", "x25-mb"), ("é", "x"), ("", "x"), ("z_phot", "z-phot")])
func identifiers(text: String, name: String) { #expect(Markup.identifier(text) == name) }
