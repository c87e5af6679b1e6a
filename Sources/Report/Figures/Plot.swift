/// The area of a chart's data: a rectangle, and a scale for each direction.
public struct Plot: Sendable {
    public let x: Scale
    public let y: Scale
    public let left: Double
    public let top: Double
    public let width: Double
    public let height: Double

    public var right: Double { left + width }
    public var bottom: Double { top + height }

    /// The position of a value of the horizontal axis; always finite.
    public func x(_ value: Double) -> Double { left + width * Self.near(x.fraction(value)) }

    /// The position of a value of the vertical axis.
    public func y(_ value: Double) -> Double { bottom - height * Self.near(y.fraction(value)) }

    /// Whether both coordinates can be drawn at all.
    public func holds(_ x: Double, _ y: Double) -> Bool { self.x.holds(x) && self.y.holds(y) }

    private static func near(_ fraction: Double) -> Double { min(max(fraction, -1e3), 1e3) }
}

/// A layer drawn in a chart's plot.
public protocol ChartLayer: Sendable {
    /// Its lines of the legend.
    var keys: [LegendKey] { get }
    func draw(in plot: Plot, onto svg: inout SVG)
}

/// A line of the legend: a sample and a name.
public struct LegendKey: Sendable {
    public enum Sample: Sendable {
        /// A line of a style, optionally with a series' marker.
        case line(style: String, marker: Int?)
        /// A marker's outline, optionally on a thin line.
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

/// An axis: its scale and its title.
public struct Axis: Sendable {
    /// With the unit: `data size (GB)`.
    public let title: String
    public let scale: Scale
    /// The tick values; nil for round values.
    public let ticks: [Scale.Tick]?

    public init(_ title: String, _ scale: Scale, ticks: [Scale.Tick]? = nil) {
        self.title = title
        self.scale = scale
        self.ticks = ticks
    }
}
