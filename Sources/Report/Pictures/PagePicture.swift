/// Images of pixels, in rows under common headings: a galaxy in several bands, original and reconstructed.
public struct PagePicture: Sendable {
    /// A row: its title, and its panels side by side.
    public struct Row: Sendable {
        public let title: String
        public let image: PNG
    }

    /// The heading above the rows.
    public let title: String
    public let caption: String
    /// The headings of the panels, from the left; panels have equal widths.
    public let heads: [String]
    public let rows: [Row]

    public init(title: String, caption: String, heads: [String], rows: [Row]) {
        (self.title, self.caption, self.heads, self.rows) = (title, caption, heads, rows)
    }

    var html: String {
        let heads = self.heads.map { "<span>\(Markup.escape($0))</span>" }.joined()
        var text =
            "<figure class=\"picture\">\n<figcaption><strong>\(Markup.escape(title))</strong> "
            + "\(Markup.escape(caption))</figcaption>\n<div class=\"strips\"><div class=\"heads\">\(heads)</div>\n"
        for row in rows {
            let description = Markup.escape("\(title), \(row.title): \(self.heads.joined(separator: ", "))")
            text += "<span>\(Markup.escape(row.title))</span><img width=\"\(row.image.width)\" "
            text += "height=\"\(row.image.height)\" alt=\"\(description)\" "
            text += "src=\"\(row.image.url)\">\n"
        }
        return text + "</div>\n</figure>\n"
    }
}
