/// Values over an axis: a line, markers, error bars; or, beside such a series of the same colour, a thin line and hollow
/// markers without bars.
struct LineSeries: ChartLayer {
    struct Point {
        let x: Double
        let y: Double
        /// The ends of its error bar.
        let range: ClosedRange<Double>?
        /// The tooltip of its marker; the numbers if nil.
        let label: String?

        init(_ x: Double, _ y: Double, range: ClosedRange<Double>? = nil, label: String? = nil) {
            (self.x, self.y, self.range, self.label) = (x, y, range, label)
        }

        /// Its value and the ends of its bar, for a scale to cover.
        var extent: [Double] { [y] + (range.map { [$0.lowerBound, $0.upperBound] } ?? []) }
    }

    var name = ""
    /// In the order of the line. A point that cannot be drawn (not finite, or not positive on a logarithmic axis)
    /// leaves a gap.
    let points: [Point]
    /// Selects colour, dashes and marker.
    let series: Int
    var hasLine = true
    var hasMarkers = true
    var isOutline = false

    private var lineStyle: String { isOutline ? FigureStyle.outline(series) : FigureStyle.line(series) }

    var key: LegendKey? {
        let sample = LegendSample.line(
            style: hasLine ? lineStyle : nil, marker: hasMarkers ? series : nil, isHollow: isOutline)
        return (name, sample)
    }

    func marks(in plot: Plot) -> Marks? {
        guard hasMarkers else { return nil }
        let inside = points.filter {
            plot.holds($0.x, $0.y) && plot.x.domain.contains($0.x) && plot.y.domain.contains($0.y)
        }
        return Marks(
            noun: "points", drawn: inside.map { (plot.x($0.x), plot.y($0.y)) }, outside: points.count - inside.count)
    }

    func draw(in plot: Plot, onto svg: inout SVG) {
        if hasLine { svg.path(SVGPath(points.map { ($0.x, $0.y) }, in: plot), style: lineStyle) }
        if !isOutline { drawErrors(in: plot, onto: &svg) }
        guard hasMarkers else { return }
        for point in points where plot.holds(point.x, point.y) {
            let label =
                point.label ?? "\(name.isEmpty ? "" : name + ": ")\(Scale.label(point.x)), \(Scale.label(point.y))"
            Marker.draw(series, at: plot.x(point.x), plot.y(point.y), onto: &svg, label: label, isHollow: isOutline)
        }
    }

    private func drawErrors(in plot: Plot, onto svg: inout SVG) {
        var path = SVGPath()
        for point in points where plot.holds(point.x, point.y) {
            guard let range = point.range, range.upperBound.isFinite, range.lowerBound.isFinite else { continue }
            // On a logarithmic axis a bar that reaches 0 ends at the frame.
            let low = plot.y.holds(range.lowerBound) ? range.lowerBound : plot.y.domain.lowerBound
            guard plot.y.holds(range.upperBound) else { continue }
            let (x, from, to) = (plot.x(point.x), plot.y(low), plot.y(range.upperBound))
            path.move(x, from)
            path.line(x, to)
            for end in [from, to] {
                path.move(x - 3.5, end)
                path.line(x + 3.5, end)
            }
        }
        svg.path(path, style: FigureStyle.outline(series))
    }
}

/// An area between two curves.
struct Band: ChartLayer {
    let name: String
    let points: [(x: Double, low: Double, high: Double)]
    let series: Int

    var key: LegendKey? { (name, .box(style: FigureStyle.band(series))) }

    func draw(in plot: Plot, onto svg: inout SVG) {
        let drawn = points.filter { plot.holds($0.x, $0.low) && plot.y.holds($0.high) }
        guard let first = drawn.first, drawn.count > 1 else { return }
        var path = SVGPath()
        path.move(plot.x(first.x), plot.y(first.high))
        for point in drawn.dropFirst() { path.line(plot.x(point.x), plot.y(point.high)) }
        for point in drawn.reversed() { path.line(plot.x(point.x), plot.y(point.low)) }
        path.close()
        svg.path(path, style: FigureStyle.band(series))
    }
}
