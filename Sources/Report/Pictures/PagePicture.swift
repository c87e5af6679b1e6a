/// Images of pixels, in rows under common headings: a galaxy in several bands, original and reconstructed.
public struct PagePicture: Sendable {
    /// A row: its title, and its panels side by side.
    public struct Row: Sendable {
        public let title: String
        public let image: PNG

        public init(_ title: String, _ image: PNG) {
            self.title = title
            self.image = image
        }
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
            text +=
                "<span>\(Markup.escape(row.title))</span>"
                + "<img width=\"\(row.image.width)\" height=\"\(row.image.height)\" "
                + "alt=\"\(Markup.escape("\(title), \(row.title): \(self.heads.joined(separator: ", "))"))\" "
                + "src=\"data:image/png;base64,\(Base64.text(row.image.bytes))\">\n"
        }
        return text + "</div>\n</figure>\n"
    }
}

/// Base64 (RFC 4648, section 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for place in 0..<4 {
                text.append(place <= part.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
