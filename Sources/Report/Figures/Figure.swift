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
    /// The size of the view box.
    public let width: Double
    public let height: Double
    let drawing: SVG

    /// The element for a page, as wide as its container; the page's style defines the colours.
    public var inline: String { element("role=\"img\"", style: nil) }

    /// A separate file: with a style for light and dark, a background and a size.
    public var file: String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + element("xmlns=\"http://www.w3.org/2000/svg\" \(size) role=\"img\"", style: FigureStyle.fileRules)
    }

    private var size: String { Markup.attributes(("width", width), ("height", height)) }

    private func element(_ attributes: String, style: String?) -> String {
        var text =
            "<svg \(attributes) viewBox=\"0 0 \(Markup.number(width)) \(Markup.number(height))\" "
            + "aria-label=\"\(Markup.escape(title + ". " + description))\">\n"
            + "<title>\(Markup.escape(title))</title>\n<desc>\(Markup.escape(description))</desc>\n"
        if let style {
            text += "<style>\n\(style)\n</style>\n<rect class=\"page\" \(size)/>\n"
        }
        return text + drawing.markup + "</svg>\n"
    }
}
