/// Values over an axis, drawn as a thin line and hollow markers beside a series of the same colour.
public struct OutlineSeries: ChartLayer {
    public let name: String
    /// In the order of the line. Ranges are not drawn.
    public let points: [LineSeries.Point]
    /// Selects colour and marker.
    public let series: Int
    public let hasLine: Bool

    public init(_ name: String, _ points: [LineSeries.Point], series: Int, hasLine: Bool = true) {
        self.name = name
        self.points = points
        self.series = series
        self.hasLine = hasLine
    }

    public var keys: [LegendKey] { [LegendKey(name, .outline(series: series, hasLine: hasLine))] }

    public func draw(in plot: Plot, onto svg: inout SVG) {
        if hasLine {
            var path = SVGPath()
            path.join(points.map { ($0.x, $0.y) }, in: plot)
            svg.path(path, style: FigureStyle.outline(series))
        }
        for point in points where plot.holds(point.x, point.y) {
            let label = point.label ?? "\(name): \(Scale.label(point.x)), \(Scale.label(point.y))"
            Marker.draw(series, at: plot.x(point.x), plot.y(point.y), onto: &svg, label: label, isHollow: true)
        }
    }
}
