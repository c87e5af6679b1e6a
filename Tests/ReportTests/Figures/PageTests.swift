import Foundation
import Testing

@testable import Report

private let figure = Chart(
    x: Axis("x (s)", .linear(0, 1)), y: Axis("y", .linear(0, 1)),
    layers: [LineSeries(name: "line", points: [.init(0, 0), .init(1, 1)], series: 0)]
).figure(id: "one", title: "One", description: "A line.", caption: "It rises.")

private let page = HTMLPage(
    title: "A & B", lead: "What <it> is",
    sections: [
        PageSection("Quality", [.text("5 < 6"), .figures([figure]), .note("Beware")]),
        PageSection("Quality", [.facts([PageFact("galaxies", "512", detail: "all")])]),
        PageSection(
            "Table",
            [
                .heading("Part"),
                .table(
                    PageTable(
                        caption: "c", columns: [.init("name", .text), .init("n")], rows: [["a", "1", "extra"], ["b<"]])),
            ]),
    ], footer: "made by cai")

@Test("All content is on the page, escaped")
func everythingIsThere() {
    let html = page.html
    for part in [
        "<title>A &amp; B</title>", "What &lt;it&gt; is", "<p>5 &lt; 6</p>", "<p class=\"note\">Beware</p>",
        "<li>galaxies <strong>512</strong> <small>all</small></li>", "<h3>Part</h3>",
        "<th scope=\"row\">b&lt;</th><td class=\"n\"></td>",
        "<strong>One.</strong> It rises.", "<footer><p>made by cai</p></footer>", "<caption><span>c</span></caption>",
    ] {
        #expect(html.contains(part), "\(part)")
    }
    #expect(!html.contains("extra"))
}

@Test("Ids of elements are unique, and links lead to them")
func namesAreUnique() {
    let html = page.html
    let names = html.matches(of: /\sid="([^"]+)"/).map { String($0.1) }
    #expect(Set(names).count == names.count)
    let links = html.matches(of: /href="#([^"]+)"/).map { String($0.1) }
    #expect(links.count == 3)
    #expect(links.allSatisfy(names.contains))
}

@Test("A page contains no scripts and no external resources")
func pageIsSelfContained() {
    let html = page.html
    for forbidden in ["<script", "http:", "https:", "@import", "src=", "onload", "url(http"] {
        #expect(!html.contains(forbidden), "\(forbidden)")
    }
}

@Test("A page has styles for light, dark and print, and defines every colour that it uses")
func pageDefinesItsColours() throws {
    let html = page.html
    #expect(html.contains("prefers-color-scheme: dark"))
    #expect(html.contains("@media print"))
    let used = Set(html.matches(of: /var\((--[a-z0-9]+)\)/).map { String($0.1) })
    #expect(!used.isEmpty)
    for colour in used {
        // Once for light, once for dark.
        #expect(html.components(separatedBy: "\(colour):#").count == 3, "\(colour)")
    }
}

@Test("A figure alone in its row has a drawing for narrow screens and one for wide ones; figures side by side have one")
func figuresAlone() {
    let html = page.html
    #expect(html.contains("<div class=\"figures alone\">"))
    #expect(html.contains("viewBox=\"0 0 520 380\"") && html.contains("viewBox=\"0 0 960 380\""))
    let pair = HTMLPage(title: "p", sections: [PageSection("Two", [.figures([figure, figure])])]).html
    #expect(!pair.contains("figures alone") && !pair.contains("viewBox=\"0 0 960"))
}

@Test("A table wider than the page scrolls by itself, with a visible sign")
func tablesScroll() {
    let css = PageStyle.css
    #expect(css.contains("overflow-x: auto") && css.contains("background-attachment: local, local, scroll, scroll"))
}

@Test("A page rendered twice has the same bytes")
func pagesAreReproducible() { #expect(page.html == page.html) }

@Test("A page's sections list their figures")
func sectionsTellFigures() { #expect(page.sections.flatMap(\.figures).map(\.id) == ["one"]) }
