/// Filled rectangles in data units: the bars of a histogram, stacked bars, the stages of a timeline. None is thinner than
/// a pixel.
struct Boxes: ChartLayer {
    /// A pixel where a figure is 360 pixels wide, in units of the view box.
    private static let thinnest = 1.6

    struct Box: Sendable {
        let x: ClosedRange<Double>
        let y: ClosedRange<Double>
        /// Its tooltip; without any tooltips, all rectangles are one path.
        var label: String?
    }

    let name: String
    let boxes: [Box]
    let series: Int

    init(_ name: String, _ boxes: [Box], series: Int) { (self.name, self.boxes, self.series) = (name, boxes, series) }

    /// A histogram.
    /// - Parameters:
    ///   - edges: one more than heights, ascending.
    ///   - gap: between bars, as a fraction of their width.
    init(_ name: String, edges: [Double], heights: [Double], series: Int, gap: Double = 0.06) {
        let boxes = zip(zip(edges, edges.dropFirst()), heights).compactMap { edges, height -> Box? in
            guard height.isFinite, height > 0, edges.0.isFinite, edges.1.isFinite, edges.0 < edges.1 else { return nil }
            let room = (edges.1 - edges.0) * gap / 2
            return Box(x: edges.0 + room...edges.1 - room, y: 0...height)
        }
        self.init(name, boxes, series: series)
    }

    var key: LegendKey? { (name, .box(style: FigureStyle.fill(series))) }

    func draw(in plot: Plot, onto svg: inout SVG) {
        var path = SVGPath()
        for box in boxes where plot.x.holds(box.x.upperBound) && plot.y.holds(box.y.upperBound) {
            // On a logarithmic axis, bars from 0 begin at the frame.
            let left = plot.x.holds(box.x.lowerBound) ? plot.x(box.x.lowerBound) : plot.left
            let bottom = plot.y.holds(box.y.lowerBound) ? plot.y(box.y.lowerBound) : plot.bottom
            let width = max(Self.thinnest, plot.x(box.x.upperBound) - left)
            let height = max(Self.thinnest, bottom - plot.y(box.y.upperBound))
            if let label = box.label {
                svg.rectangle(left, bottom - height, width, height, style: FigureStyle.fill(series), label: label)
            } else {
                path.rectangle(left, bottom - height, width, height)
            }
        }
        svg.path(path, style: FigureStyle.fill(series))
    }
}

/// A line without markers that is not a series: a limit, the 1:1 line, a fitted curve.
struct Guide: ChartLayer {
    enum Dash: String, Sendable {
        case solid = "r"
        case dashed = "r2"
        case dotted = "r3"
    }

    let name: String
    let points: [(x: Double, y: Double)]
    let dash: Dash

    init(_ name: String, _ points: [(x: Double, y: Double)], dash: Dash = .dashed) {
        (self.name, self.points, self.dash) = (name, points, dash)
    }

    var key: LegendKey? { (name, .line(style: dash.rawValue, marker: nil)) }

    func draw(in plot: Plot, onto svg: inout SVG) { svg.path(SVGPath(points, in: plot), style: dash.rawValue) }
}
