/// A drawing with title, description and caption: on a page, or as a separate file.
public struct Figure: Sendable {
    /// The name of its file and its element, of letters, digits and hyphens; unique on a page.
    public let id: String
    /// The title of a separate file.
    public var fileName: String { id + ".svg" }
    public let title: String
    /// The content in words, for screen readers.
    public let description: String
    /// The caption on a page.
    public let caption: String
    let chart: Chart

    /// The element for a page, as wide as its container; the page's style defines the colours.
    public var inline: String { element("role=\"img\"", width: chart.width, clip: id, style: nil) }

    /// Two elements for a page on which it has a row of its own: one for narrow screens, and one for wide ones, on which
    /// the other would be magnified. The page's style shows one of them.
    var inlineAlone: String {
        element("class=\"narrow\" role=\"img\"", width: chart.width, clip: id, style: nil)
            + element("class=\"wide\" role=\"img\"", width: Self.wide, clip: id + "-wide", style: nil)
    }

    /// The width of a view box that fills a page.
    private static let wide = 960.0

    /// A separate file: with a style for light and dark, a background and a size.
    public var file: String {
        let size = self.size(chart.width)
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + element(
                "xmlns=\"http://www.w3.org/2000/svg\" \(size) role=\"img\"", width: chart.width, clip: id,
                style: FigureStyle.fileRules)
    }

    private func size(_ width: Double) -> String { Markup.attributes(("width", width), ("height", chart.height)) }

    /// - Parameter clip: the prefix of the ids of its parts.
    private func element(_ attributes: String, width: Double, clip: String, style: String?) -> String {
        var text =
            "<svg \(attributes) viewBox=\"0 0 \(Markup.number(width)) \(Markup.number(chart.height))\" "
            + "aria-label=\"\(Markup.escape(title + ". " + description))\">\n"
            + "<title>\(Markup.escape(title))</title>\n<desc>\(Markup.escape(description))</desc>\n"
        if let style {
            text += "<style>\n\(style)\n</style>\n<rect class=\"page\" \(size(width))/>\n"
        }
        return text + chart.drawing(id: clip, width: width).markup + "</svg>\n"
    }
}
