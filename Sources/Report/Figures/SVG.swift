/// Builds a drawing: elements in painting order. Lengths are units of the view box, x to the right and y down. Colours
/// come from classes (`FigureStyle`), so that the same drawing works on a light and a dark page.
public struct SVG: Sendable {
    public enum Anchor: String, Sendable {
        case start, middle, end
    }

    public private(set) var markup = ""

    public init() {}

    public mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
        markup +=
            "<line class=\"\(style)\" x1=\"\(Markup.number(x1))\" y1=\"\(Markup.number(y1))\" "
            + "x2=\"\(Markup.number(x2))\" y2=\"\(Markup.number(y2))\"/>\n"
    }

    public mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String, label: String? = nil
    ) {
        let shape =
            "<rect class=\"\(style)\" x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\" "
            + "width=\"\(Markup.number(max(0, width)))\" height=\"\(Markup.number(max(0, height)))\""
        markup += label.map { "\(shape)><title>\(Markup.escape($0))</title></rect>\n" } ?? "\(shape)/>\n"
    }

    /// - Parameter label: its tooltip.
    public mutating func path(_ path: SVGPath, style: String, label: String? = nil) {
        guard !path.data.isEmpty else { return }
        let shape = "<path class=\"\(style)\" d=\"\(path.data)\""
        markup += label.map { "\(shape)><title>\(Markup.escape($0))</title></path>\n" } ?? "\(shape)/>\n"
    }

    /// - Parameters:
    ///   - y: of the base line.
    ///   - upwards: rotated to read upwards.
    public mutating func text(
        _ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, style: String = "t", upwards: Bool = false
    ) {
        let turn = upwards ? " transform=\"rotate(-90 \(Markup.number(x)) \(Markup.number(y)))\"" : ""
        markup +=
            "<text class=\"\(style)\" x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\" "
            + "text-anchor=\"\(anchor.rawValue)\"\(turn)>\(Markup.escape(text))</text>\n"
    }

    /// Clips the elements that `body` draws to a rectangle.
    /// - Parameter id: of the clip, unique on the page.
    public mutating func clipped(to plot: Plot, id: String, _ body: (inout SVG) -> Void) {
        markup +=
            "<clipPath id=\"\(id)\"><rect x=\"\(Markup.number(plot.left))\" y=\"\(Markup.number(plot.top))\" "
            + "width=\"\(Markup.number(plot.width))\" height=\"\(Markup.number(plot.height))\"/></clipPath>\n"
            + "<g clip-path=\"url(#\(id))\">\n"
        body(&self)
        markup += "</g>\n"
    }

    /// An upper bound of a string's width at a font size, from the widths of wide fonts.
    public static func width(of text: String, size: Double = FigureStyle.fontSize) -> Double {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar {
            case "i", "j", "l", "I", "f", "t", "r", ".", ",", ":", ";", "'", "|", " ", "(", ")", "[", "]", "/", "-":
                sum + 0.38
            case "m", "w", "M", "W", "@", "%": sum + 0.95
            case "A"..."Z": sum + 0.72
            default: sum + 0.62
            }
        } * size
    }
}

/// The `d` of a path, with coordinates to a hundredth.
public struct SVGPath: Sendable {
    public private(set) var data = ""

    public init() {}

    public mutating func move(_ x: Double, _ y: Double) { data += "M\(Markup.number(x)) \(Markup.number(y))" }

    public mutating func line(_ x: Double, _ y: Double) { data += "L\(Markup.number(x)) \(Markup.number(y))" }

    public mutating func close() { data += "Z" }

    /// A line through points in data units, with a gap at points that cannot be drawn.
    public mutating func join(_ points: [(x: Double, y: Double)], in plot: Plot) {
        var isDown = false
        for point in points {
            guard plot.holds(point.x, point.y) else {
                isDown = false
                continue
            }
            if isDown {
                line(plot.x(point.x), plot.y(point.y))
            } else {
                move(plot.x(point.x), plot.y(point.y))
            }
            isDown = true
        }
    }

    /// A closed rectangle.
    public mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
        move(x, y)
        data += "h\(Markup.number(width))v\(Markup.number(height))h\(Markup.number(-width))z"
    }

    /// A closed circle.
    public mutating func circle(_ x: Double, _ y: Double, radius: Double) {
        move(x - radius, y)
        let (radius, across) = (Markup.number(radius), Markup.number(2 * radius))
        data += "a\(radius) \(radius) 0 1 0 \(across) 0a\(radius) \(radius) 0 1 0 -\(across) 0z"
    }

    /// A dot, drawn by a round line end of the style's width.
    public mutating func dot(_ x: Double, _ y: Double) {
        move(x, y)
        data += "h0"
    }
}
