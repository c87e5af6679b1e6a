/// A page in one file: it loads nothing, runs no script, follows the reader's light or dark setting, and prints.
public struct HTMLPage: Sendable {
    public let title: String
    /// The text below the title: the subject of the page.
    public let lead: String
    public let sections: [PageSection]
    /// The text at the end: the program that made the page.
    public let footer: String

    public init(title: String, lead: String = "", sections: [PageSection], footer: String = "") {
        (self.title, self.lead, self.sections, self.footer) = (title, lead, sections, footer)
    }

    /// The file's text.
    public var html: String {
        let sections = withUniqueNames
        var text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <link rel="icon" href="data:,">
            <title>\(Markup.escape(title))</title>
            <style>
            \(PageStyle.css)
            </style>
            </head>
            <body>
            <header>
            <h1>\(Markup.escape(title))</h1>

            """
        if !lead.isEmpty { text += "<p class=\"lead\">\(Markup.escape(lead))</p>\n" }
        text += "</header>\n"
        if sections.count > 2 {
            text += "<nav aria-label=\"Contents\"><ul>\n"
            for (id, section) in sections {
                text += "<li><a href=\"#\(id)\">\(Markup.escape(section.title))</a></li>\n"
            }
            text += "</ul></nav>\n"
        }
        text += "<main>\n"
        for (id, section) in sections {
            text += "<section id=\"\(id)\">\n<h2>\(Markup.escape(section.title))</h2>\n"
            for item in section.items { text += Self.html(item) }
            text += "</section>\n"
        }
        text += "</main>\n"
        if !footer.isEmpty { text += "<footer><p>\(Markup.escape(footer))</p></footer>\n" }
        return text + "</body>\n</html>\n"
    }

    /// The sections, with unique ids.
    private var withUniqueNames: [(id: String, section: PageSection)] {
        var taken = Set(sections.flatMap(\.figures).map(\.id))
        return sections.map { section in
            let id =
                (0...sections.count).lazy.map { "section-\(section.id)" + ($0 == 0 ? "" : "-\($0 + 1)") }
                .first { !taken.contains($0) } ?? section.id
            taken.insert(id)
            return (id, section)
        }
    }

    private static func html(_ item: PageSection.Item) -> String {
        switch item {
        case .text(let text): "<p>\(Markup.escape(text))</p>\n"
        case .note(let text): "<p class=\"note\">\(Markup.escape(text))</p>\n"
        case .heading(let text): "<h3>\(Markup.escape(text))</h3>\n"
        case .facts(let facts): "<ul class=\"facts\">\n" + facts.map(html).joined() + "</ul>\n"
        case .figures(let figures):
            "<div class=\"figures\(figures.count == 1 ? " alone" : "")\">\n"
                + figures.map { html($0, isAlone: figures.count == 1) }.joined() + "</div>\n"
        case .table(let table): html(table)
        case .scales(let scales): "<ul class=\"scales\">\n" + scales.map(\.html).joined() + "</ul>\n"
        case .pictures(let pictures): "<div class=\"pictures\">\n" + pictures.map(\.html).joined() + "</div>\n"
        }
    }

    private static func html(_ fact: PageFact) -> String {
        let detail = fact.detail.isEmpty ? "" : " <small>\(Markup.escape(fact.detail))</small>"
        return "<li>\(Markup.escape(fact.name)) <strong>\(Markup.escape(fact.value))</strong>\(detail)</li>\n"
    }

    private static func html(_ figure: Figure, isAlone: Bool) -> String {
        let caption = figure.caption.isEmpty ? "" : " " + Markup.escape(figure.caption)
        return "<figure id=\"\(figure.id)\">\n"
            + (isAlone ? figure.inlineAlone : figure.inline)
            + "<figcaption><strong>\(Markup.escape(figure.title)).</strong>\(caption)</figcaption>\n</figure>\n"
    }

    private static func html(_ table: PageTable) -> String {
        // A table wider than the screen scrolls by itself, also by keyboard; shadows at its edges show that it does.
        var text = "<div class=\"table\" role=\"group\" tabindex=\"0\"><table>\n"
        if !table.caption.isEmpty { text += "<caption><span>\(Markup.escape(table.caption))</span></caption>\n" }
        func style(_ index: Int) -> String { table.columns[index].alignment == .number ? " class=\"n\"" : "" }
        text += "<thead><tr>"
        for (index, column) in table.columns.enumerated() {
            text += "<th scope=\"col\"\(style(index))>\(Markup.escape(column.title))</th>"
        }
        text += "</tr></thead>\n<tbody>\n"
        for row in table.rows {
            text += "<tr>"
            for index in table.columns.indices {
                let cell = index < row.count ? Markup.escape(row[index]) : ""
                text +=
                    index == 0 ? "<th scope=\"row\"\(style(index))>\(cell)</th>" : "<td\(style(index))>\(cell)</td>"
            }
            text += "</tr>\n"
        }
        return text + "</tbody></table></div>\n"
    }
}

/// The rules of a page: `page.css`, and those of its figures.
enum PageStyle {
    static var css: String {
        String(decoding: PackageResources.page_css, as: UTF8.self)
            .replacing("/* light */", with: FigureStyle.properties(isDark: false))
            .replacing("/* dark */", with: FigureStyle.properties(isDark: true)) + FigureStyle.pageRules
    }
}
