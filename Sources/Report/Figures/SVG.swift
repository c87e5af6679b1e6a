/// Builds a drawing: elements in painting order. Lengths are units of the view box, x to the right and y down. Colours
/// come from classes (`FigureStyle`), so that the same drawing works on a light and a dark page.
struct SVG: Sendable {
    enum Anchor: String {
        case start, middle, end
    }

    private(set) var markup = ""

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
        let ends = Markup.attributes(("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2))
        markup += "<line class=\"\(style)\" \(ends)/>\n"
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String, label: String? = nil
    ) {
        let place = Markup.attributes(("x", x), ("y", y), ("width", max(0, width)), ("height", max(0, height)))
        add("rect", "class=\"\(style)\" \(place)", label: label)
    }

    /// - Parameter label: its tooltip.
    private mutating func add(_ element: String, _ attributes: String, label: String?) {
        let title = label.map { "><title>\(Markup.escape($0))</title></\(element)>\n" }
        markup += "<\(element) \(attributes)" + (title ?? "/>\n")
    }

    /// - Parameter label: its tooltip.
    mutating func path(_ path: SVGPath, style: String, label: String? = nil) {
        if !path.data.isEmpty { add("path", "class=\"\(style)\" d=\"\(path.data)\"", label: label) }
    }

    /// - Parameters:
    ///   - y: of the base line.
    ///   - upwards: rotated to read upwards.
    mutating func text(
        _ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, style: String = "t", upwards: Bool = false
    ) {
        let turn = upwards ? " transform=\"rotate(-90 \(Markup.number(x)) \(Markup.number(y)))\"" : ""
        markup +=
            "<text class=\"\(style)\" \(Markup.attributes(("x", x), ("y", y))) "
            + "text-anchor=\"\(anchor.rawValue)\"\(turn)>\(Markup.escape(text))</text>\n"
    }

    /// Clips the elements that `body` draws to a rectangle.
    /// - Parameter id: of the clip, unique on the page.
    mutating func clipped(to plot: Plot, id: String, _ body: (inout SVG) -> Void) {
        let place = Markup.attributes(
            ("x", plot.left), ("y", plot.top), ("width", plot.width), ("height", plot.height))
        markup += "<clipPath id=\"\(id)\"><rect \(place)/></clipPath>\n<g clip-path=\"url(#\(id))\">\n"
        body(&self)
        markup += "</g>\n"
    }

    /// An upper bound of a string's width, from the widths of wide fonts.
    static func width(of text: String) -> Double {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar {
            case "i", "j", "l", "I", "f", "t", "r", ".", ",", ":", ";", "'", "|", " ", "(", ")", "[", "]", "/", "-":
                sum + 0.38
            case "m", "w", "M", "W", "@", "%": sum + 0.95
            case "A"..."Z": sum + 0.72
            default: sum + 0.62
            }
        } * FigureStyle.fontSize
    }
}

/// The `d` of a path, with coordinates to a hundredth.
struct SVGPath: Sendable {
    private(set) var data = ""

    mutating func move(_ x: Double, _ y: Double) { data += "M\(Markup.number(x)) \(Markup.number(y))" }

    mutating func line(_ x: Double, _ y: Double) { data += "L\(Markup.number(x)) \(Markup.number(y))" }

    mutating func close() { data += "Z" }

    init() {}

    /// A line through points in data units, with a gap at points that cannot be drawn.
    init(_ points: [(x: Double, y: Double)], in plot: Plot) {
        var isDown = false
        for (x, y) in points {
            let holds = plot.holds(x, y)
            if holds, isDown { line(plot.x(x), plot.y(y)) }
            if holds, !isDown { move(plot.x(x), plot.y(y)) }
            isDown = holds
        }
    }

    /// A closed rectangle.
    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
        move(x, y)
        data += "h\(Markup.number(width))v\(Markup.number(height))h\(Markup.number(-width))z"
    }

    /// A closed circle.
    mutating func circle(_ x: Double, _ y: Double, radius: Double) {
        move(x - radius, y)
        let (radius, across) = (Markup.number(radius), Markup.number(2 * radius))
        data += "a\(radius) \(radius) 0 1 0 \(across) 0a\(radius) \(radius) 0 1 0 -\(across) 0z"
    }

    /// A dot, drawn by a round line end of the style's width.
    mutating func dot(_ x: Double, _ y: Double) {
        move(x, y)
        data += "h0"
    }
}
