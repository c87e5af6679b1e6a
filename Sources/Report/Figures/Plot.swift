/// Where a chart's data is drawn: a rectangle, and a scale for each direction.
public struct Plot: Sendable {
    public let x: Scale
    public let y: Scale
    public let left: Double
    public let top: Double
    public let width: Double
    public let height: Double

    public var right: Double { left + width }
    public var bottom: Double { top + height }

    /// Where a value of the horizontal axis lies; what has no place is brought to a finite one.
    public func x(_ value: Double) -> Double { left + width * Self.near(x.fraction(value)) }

    /// Where a value of the vertical axis lies.
    public func y(_ value: Double) -> Double { bottom - height * Self.near(y.fraction(value)) }

    /// Whether both coordinates can be drawn at all.
    public func holds(_ x: Double, _ y: Double) -> Bool { self.x.holds(x) && self.y.holds(y) }

    private static func near(_ fraction: Double) -> Double { min(max(fraction, -1e3), 1e3) }
}

/// One thing that is drawn in a chart's plot.
public protocol ChartLayer: Sendable {
    /// What the legend says of it; empty for nothing.
    var keys: [LegendKey] { get }
    func draw(in plot: Plot, onto svg: inout SVG)
}

/// A line of the legend: a sample and a name.
public struct LegendKey: Sendable {
    public enum Sample: Sendable {
        /// A line of a style, with a marker of a series if there is one.
        case line(style: String, marker: Int?)
        /// A marker's outline, on a thin line if there is one.
        case outline(series: Int, hasLine: Bool)
        /// A filled square of a style.
        case box(style: String)
    }

    public let name: String
    public let sample: Sample

    public init(_ name: String, _ sample: Sample) {
        self.name = name
        self.sample = sample
    }
}

/// An axis: its scale, and what is measured along it.
public struct Axis: Sendable {
    /// With the unit: `data size (GB)`.
    public let title: String
    public let scale: Scale
    /// Given ones; nil for round values.
    public let ticks: [Scale.Tick]?

    public init(_ title: String, _ scale: Scale, ticks: [Scale.Tick]? = nil) {
        self.title = title
        self.scale = scale
        self.ticks = ticks
    }
}
