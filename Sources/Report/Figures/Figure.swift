/// A drawing with what is said about it: on a page, or as a file of its own.
public struct Figure: Sendable {
    /// Names its file and its element; unique on a page.
    public let id: String
    /// Of a file of its own.
    public var fileName: String { id + ".svg" }
    public let title: String
    /// What it shows, in words, for those who do not see it.
    public let description: String
    /// What stands below it on a page.
    public let caption: String
    /// Of the view box.
    public let width: Double
    public let height: Double
    private let drawing: SVG

    /// - Parameter id: made to be letters, digits and hyphens.
    public init(
        id: String, title: String, description: String, caption: String = "", width: Double, height: Double,
        drawing: SVG
    ) {
        self.id = Markup.identifier(id)
        self.title = title
        self.description = description
        self.caption = caption
        self.width = width
        self.height = height
        self.drawing = drawing
    }

    /// The element for a page, as wide as its place; colours are those of the page's style.
    public var inline: String { element("role=\"img\"", style: nil) }

    /// A file: its own style for light and dark, its own ground, a size.
    public var file: String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + element(
                "xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Markup.number(width))\" "
                    + "height=\"\(Markup.number(height))\" role=\"img\"",
                style: FigureStyle.fileRules)
    }

    private func element(_ attributes: String, style: String?) -> String {
        var text =
            "<svg \(attributes) viewBox=\"0 0 \(Markup.number(width)) \(Markup.number(height))\" "
            + "aria-label=\"\(Markup.escape(title + ". " + description))\">\n"
            + "<title>\(Markup.escape(title))</title>\n<desc>\(Markup.escape(description))</desc>\n"
        if let style {
            text +=
                "<style>\n\(style)\n</style>\n"
                + "<rect class=\"page\" width=\"\(Markup.number(width))\" height=\"\(Markup.number(height))\"/>\n"
        }
        return text + drawing.markup + "</svg>\n"
    }
}
