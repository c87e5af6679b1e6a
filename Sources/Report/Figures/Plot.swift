/// The area of a chart's data: a rectangle, and a scale for each direction.
struct Plot {
    let x: Scale
    let y: Scale
    let left: Double
    let top: Double
    let width: Double
    let height: Double

    var right: Double { left + width }
    var bottom: Double { top + height }

    /// The position of a value of the horizontal axis; always finite.
    func x(_ value: Double) -> Double { left + width * Self.near(x.fraction(value)) }

    /// The position of a value of the vertical axis.
    func y(_ value: Double) -> Double { bottom - height * Self.near(y.fraction(value)) }

    /// Whether both coordinates can be drawn at all.
    func holds(_ x: Double, _ y: Double) -> Bool { self.x.holds(x) && self.y.holds(y) }

    private static func near(_ fraction: Double) -> Double { min(max(fraction, -1e3), 1e3) }
}

/// A layer drawn in a chart's plot.
protocol ChartLayer: Sendable {
    /// Its line of the legend; none without a name.
    var key: LegendKey? { get }
    /// The positions of its markers; nil for a layer without markers.
    func marks(in plot: Plot) -> Marks?
    func draw(in plot: Plot, onto svg: inout SVG)
}

extension ChartLayer {
    func marks(in plot: Plot) -> Marks? { nil }
}

/// The markers of a layer: those that are drawn, and those that are not.
struct Marks {
    /// The plural noun for the points.
    let noun: String
    /// In units of the view box.
    let drawn: [(x: Double, y: Double)]
    /// The number of points outside the axes.
    let outside: Int

    /// The number of markers that cover another one: those closer than a unit to another, which is a quarter of a dot.
    static func shared(_ drawn: [(x: Double, y: Double)]) -> Int {
        let sorted = drawn.sorted { $0.x < $1.x }
        var covers = [Bool](repeating: false, count: sorted.count)
        for (index, mark) in sorted.enumerated() {
            for other in sorted.indices.dropFirst(index + 1) {
                guard sorted[other].x - mark.x < 1 else { break }
                let (across, up) = (sorted[other].x - mark.x, sorted[other].y - mark.y)
                if across * across + up * up < 1 { (covers[index], covers[other]) = (true, true) }
            }
        }
        return covers.count { $0 }
    }
}

/// A line of the legend.
typealias LegendKey = (name: String, sample: LegendSample)

enum LegendSample {
    /// A line of a style and a series' marker or its outline, each where there is one.
    case line(style: String?, marker: Int?, isHollow: Bool = false)
    /// A filled square of a style.
    case box(style: String)
    /// A remark.
    case none
}

/// An axis: its scale and its title.
struct Axis {
    /// With the unit: `data size (GB)`.
    let title: String
    let scale: Scale
    /// The tick values; nil for round values.
    let ticks: [Scale.Tick]?

    init(_ title: String, _ scale: Scale, ticks: [Scale.Tick]? = nil) {
        (self.title, self.scale, self.ticks) = (title, scale, ticks)
    }

    /// An axis of counts from 0 to at least `most`, whose labels are whole numbers.
    static func counts(_ title: String, most: Double) -> Axis {
        let scale = Scale.linear(covering: [most], zero: true)
        guard most > 0, most < 5 else { return Axis(title, scale) }
        let top = Int(most.rounded(.up))
        return Axis(title, .linear(0, Double(top)), ticks: (0...top).map { (Double($0), "\($0)") })
    }
}
