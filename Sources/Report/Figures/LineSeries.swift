/// Values over an axis: a line, markers, error bars.
public struct LineSeries: ChartLayer {
    public struct Point: Sendable {
        public let x: Double
        public let y: Double
        /// The ends of its error bar.
        public let range: ClosedRange<Double>?
        /// The tooltip of its marker; the numbers if nil.
        public let label: String?

        public init(_ x: Double, _ y: Double, range: ClosedRange<Double>? = nil, label: String? = nil) {
            self.x = x
            self.y = y
            self.range = range
            self.label = label
        }
    }

    public let name: String
    /// In the order of the line. A point that cannot be drawn (not finite, or not positive on a logarithmic axis)
    /// leaves a gap.
    public let points: [Point]
    /// Selects colour, dashes and marker.
    public let series: Int
    public let hasLine: Bool
    public let hasMarkers: Bool

    public init(_ name: String, _ points: [Point], series: Int, hasLine: Bool = true, hasMarkers: Bool = true) {
        self.name = name
        self.points = points
        self.series = series
        self.hasLine = hasLine
        self.hasMarkers = hasMarkers
    }

    /// All values and the ends of their bars, for a scale to cover.
    public var extent: [Double] {
        points.flatMap { point in [point.y] + (point.range.map { [$0.lowerBound, $0.upperBound] } ?? []) }
    }

    public var keys: [LegendKey] {
        name.isEmpty
            ? []
            : [
                LegendKey(
                    name, .line(style: hasLine ? FigureStyle.line(series) : "", marker: hasMarkers ? series : nil))
            ]
    }

    public func draw(in plot: Plot, onto svg: inout SVG) {
        if hasLine {
            var path = SVGPath()
            path.join(points.map { ($0.x, $0.y) }, in: plot)
            svg.path(path, style: FigureStyle.line(series))
        }
        drawErrors(in: plot, onto: &svg)
        guard hasMarkers else { return }
        for point in points where plot.holds(point.x, point.y) {
            let label =
                point.label ?? "\(name.isEmpty ? "" : name + ": ")\(Scale.label(point.x)), \(Scale.label(point.y))"
            Marker.draw(series, at: plot.x(point.x), plot.y(point.y), onto: &svg, label: label)
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
        svg.path(path, style: "e\(FigureStyle.index(series))")
    }
}

/// An area between two curves.
public struct Band: ChartLayer {
    public let name: String
    public let points: [(x: Double, low: Double, high: Double)]
    public let series: Int

    public init(_ name: String, _ points: [(x: Double, low: Double, high: Double)], series: Int) {
        self.name = name
        self.points = points
        self.series = series
    }

    public var keys: [LegendKey] { name.isEmpty ? [] : [LegendKey(name, .box(style: FigureStyle.band(series)))] }

    public func draw(in plot: Plot, onto svg: inout SVG) {
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
