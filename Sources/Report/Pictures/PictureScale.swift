import FoundationEssentials

/// The meaning of colours of pictures: a bar with values below it, or a sample without.
public struct PictureScale: Sendable {
    public let title: String
    let image: PNG
    /// Values at equal distances along the bar; none for a sample.
    public let values: [String]

    var html: String {
        let style = values.isEmpty ? " class=\"swatch\"" : ""
        let ends = values.map { "<span>\(Markup.escape($0))</span>" }.joined()
        return "<li><img\(style) width=\"\(image.width)\" height=\"\(image.height)\" alt=\"\(Markup.escape(title))\" "
            + "src=\"\(image.url)\">\n" + (ends.isEmpty ? "" : "<span class=\"ends\">\(ends)</span>\n")
            + "<span>\(Markup.escape(title))</span></li>\n"
    }
}

extension PNG {
    /// The file as a URL.
    var url: String { "data:image/png;base64,\(Data(bytes).base64EncodedString())" }
}
