import Platform

/// A chart: two axes, and the series drawn between them.
///
/// The legend is above the plot, in as many rows as its names need, and the number of ticks depends on the space:
/// elements never overlap, whatever the data.
struct Chart: Sendable {
    let x: Axis
    let y: Axis
    /// From the back to the front.
    let layers: [any ChartLayer]
    /// The size of the view box, legend and titles included. 520 is half a page on a screen and a full one on a phone.
    var width = 520.0
    var height = 380.0
    /// The colour scale on the right.
    var colourBar: ColourBar?
    /// Points that no layer has, since they are outside the axes.
    var leftOut: (noun: String, count: Int) = ("points", 0)

    /// The drawing with its title and description.
    /// - Parameter id: reduced to letters, digits and hyphens.
    func figure(id: String, title: String, description: String, caption: String = "") -> Figure {
        Figure(
            id: Markup.identifier(id), title: title,
            description: ([description] + remarks.map { $0 + "." }).joined(separator: " "), caption: caption,
            chart: self)
    }

    /// How many points are outside the axes, and how many markers cover another.
    var remarks: [String] {
        // The legend has the remarks, so that the plot's size is not known yet: it is about this.
        let plot = Plot(x: x.scale, y: y.scale, left: 0, top: 0, width: 0.84 * width, height: 0.8 * height)
        let marks =
            layers.compactMap { $0.marks(in: plot) }
            + [Marks(noun: leftOut.noun, drawn: [], outside: leftOut.count)]
        func count(_ noun: String, _ number: Int) -> String? {
            number == 0 ? nil : "\(Decimals.grouped(number)) \(number == 1 ? Self.one(noun) : noun)"
        }
        let nouns = marks.map(\.noun).reduce(into: [String]()) { all, noun in
            if !all.contains(noun) { all.append(noun) }
        }
        let outside = nouns.compactMap { noun in
            count(noun, marks.reduce(0) { $0 + ($1.noun == noun ? $1.outside : 0) })
        }
        let shared = nouns.compactMap { noun in
            count(noun, Marks.shared(marks.filter { $0.noun == noun }.flatMap(\.drawn)))
        }
        return [("outside the axes: ", outside), ("at a shared position: ", shared)].filter { !$0.1.isEmpty }
            .map { $0 + $1.joined(separator: ", ") }
    }

    private static func one(_ noun: String) -> String { noun == "galaxies" ? "galaxy" : String(noun.dropLast()) }

    /// - Parameters:
    ///   - id: the prefix of the ids of its elements.
    ///   - width: of the view box.
    func drawing(id: String, width: Double) -> SVG {
        let font = FigureStyle.fontSize
        let notes: [LegendKey] = remarks.map { ($0, .none) }
        let legend = Legend(layers.compactMap(\.key) + notes, width: width - 24)
        let top = 10 + legend.height
        let bottom = 12 + 2 * font + 8
        let plotHeight = max(40, height - top - bottom)
        let yTicks =
            y.ticks.map { Self.apart($0, y.scale, height: plotHeight) }
            ?? y.scale.ticks(most: max(2, Int(plotHeight / (2.4 * font))))
        let labelWidth = yTicks.map { SVG.width(of: $0.label) }.max() ?? 0
        let left = 12 + font + 8 + labelWidth + 6
        let right = colourBar.map { $0.width } ?? 14
        let plotWidth = max(40, width - left - right)
        let plot = Plot(x: x.scale, y: y.scale, left: left, top: top, width: plotWidth, height: plotHeight)
        let xTicks = x.ticks.map { Self.apart($0, in: plot) } ?? fittingTicks(in: plot)

        var svg = SVG()
        legend.draw(left: 12, top: 8, onto: &svg)
        for tick in xTicks { svg.line(plot.x(tick.value), top, plot.x(tick.value), plot.bottom, style: "g") }
        for tick in yTicks { svg.line(left, plot.y(tick.value), plot.right, plot.y(tick.value), style: "g") }
        svg.clipped(to: plot, id: id + "-clip") { svg in
            for layer in layers { layer.draw(in: plot, onto: &svg) }
        }
        svg.line(left, plot.bottom, plot.right, plot.bottom, style: "a")
        svg.line(left, top, left, plot.bottom, style: "a")
        for tick in xTicks {
            svg.line(plot.x(tick.value), plot.bottom, plot.x(tick.value), plot.bottom + 4, style: "a")
            svg.text(tick.label, plot.x(tick.value), plot.bottom + 6 + font, anchor: .middle, style: "t")
        }
        for tick in yTicks {
            svg.line(left - 4, plot.y(tick.value), left, plot.y(tick.value), style: "a")
            svg.text(tick.label, left - 7, plot.y(tick.value) + font * 0.35, anchor: .end, style: "t")
        }
        svg.text(x.title, left + plotWidth / 2, height - 8, anchor: .middle, style: "t")
        svg.text(y.title, 8 + font, top + plotHeight / 2, anchor: .middle, style: "t", upwards: true)
        colourBar?.draw(beside: plot, onto: &svg)
        return svg
    }

    /// As many round values as fit beside each other.
    private func fittingTicks(in plot: Plot) -> [Scale.Tick] {
        for most in stride(from: 10, through: 3, by: -1) {
            let ticks = x.scale.ticks(most: most)
            if Self.apart(ticks, in: plot).count == ticks.count { return ticks }
        }
        return Self.apart(x.scale.ticks(most: 2), in: plot)
    }

    /// The ticks of a vertical axis whose labels do not touch the previous one.
    private static func apart(_ ticks: [Scale.Tick], _ scale: Scale, height: Double) -> [Scale.Tick] {
        var last = Double.infinity
        return ticks.filter { tick in
            let position = height * scale.fraction(tick.value)
            guard abs(position - last) >= 1.2 * FigureStyle.fontSize else { return false }
            last = position
            return true
        }
    }

    /// The ticks whose labels do not touch the previous one.
    private static func apart(_ ticks: [Scale.Tick], in plot: Plot) -> [Scale.Tick] {
        var end = -Double.infinity
        return ticks.filter { tick in
            let (middle, half) = (plot.x(tick.value), SVG.width(of: tick.label) / 2)
            guard middle - half >= end + 7 else { return false }
            end = middle + half
            return true
        }
    }
}

/// The legend: samples and names in rows.
struct Legend {
    private let rows: [[LegendKey]]
    private static let rowHeight = FigureStyle.fontSize + 7
    private static let sampleWidth = 30.0

    /// - Parameter width: available for a row; a longer name has a row of its own.
    init(_ keys: [LegendKey], width: Double) {
        var rows: [[LegendKey]] = []
        var taken = Double.infinity
        for key in keys where !key.name.isEmpty {
            let own = Self.width(of: key)
            if taken + own > width {
                rows.append([])
                taken = 0
            }
            rows[rows.count - 1].append(key)
            taken += own
        }
        self.rows = rows
    }

    var height: Double { rows.isEmpty ? 0 : Double(rows.count) * Self.rowHeight + 4 }

    private static func width(of key: LegendKey) -> Double { sampleWidth(key) + SVG.width(of: key.name) + 14 }

    private static func sampleWidth(_ key: LegendKey) -> Double {
        if case .none = key.sample { return 0 }
        return sampleWidth
    }

    func draw(left: Double, top: Double, onto svg: inout SVG) {
        for (row, keys) in rows.enumerated() {
            var x = left
            let middle = top + Double(row) * Self.rowHeight + FigureStyle.fontSize * 0.62
            for key in keys {
                switch key.sample {
                case .line(let style, let marker, let isHollow):
                    if let style { svg.line(x, middle, x + Self.sampleWidth - 6, middle, style: style) }
                    let centre = x + (Self.sampleWidth - 6) / 2
                    if let marker { Marker.draw(marker, at: centre, middle, onto: &svg, isHollow: isHollow) }
                case .box(let style): svg.rectangle(x + 6, middle - 6, 12, 12, style: style)
                case .none: break
                }
                let isRemark = if case .none = key.sample { true } else { false }
                svg.text(
                    key.name, x + Self.sampleWidth(key), middle + FigureStyle.fontSize * 0.35,
                    style: isRemark ? "ts" : "t")
                x += Self.width(of: key)
            }
        }
    }
}

/// The legend of the density colours.
struct ColourBar {
    let title: String
    /// The lower bound of the lowest step and the upper bound of the highest.
    let scale: Scale

    /// The step of a value, from 0.
    func step(_ value: Double) -> Int {
        guard scale.holds(value) else { return 0 }
        let step = scale.fraction(value) * Double(FigureStyle.densitySteps)
        return Int(min(max(step, 0), Double(FigureStyle.densitySteps - 1)))
    }

    private static let barWidth = 14.0
    private var ticks: [Scale.Tick] { scale.ticks(most: 8) }

    /// Its width beside the plot.
    var width: Double {
        let labels = ticks.map { SVG.width(of: $0.label) }.max() ?? 0
        return 14 + Self.barWidth + 7 + labels + 8 + FigureStyle.fontSize + 8
    }

    func draw(beside plot: Plot, onto svg: inout SVG) {
        let left = plot.right + 14
        let height = plot.height / Double(FigureStyle.densitySteps)
        for step in 0..<FigureStyle.densitySteps {
            // Overlaps the step below, so that no gap shows between them.
            svg.rectangle(
                left, plot.bottom - height * Double(step + 1), Self.barWidth, height + (step > 0 ? 0.5 : 0),
                style: FigureStyle.density(step))
        }
        let right = left + Self.barWidth
        for tick in ticks {
            let y = plot.bottom - plot.height * scale.fraction(tick.value)
            svg.line(right, y, right + 4, y, style: "a")
            svg.text(tick.label, right + 7, y + FigureStyle.fontSize * 0.35)
        }
        svg.text(title, plot.right + width - 8, plot.top + plot.height / 2, anchor: .middle, style: "t", upwards: true)
    }
}
