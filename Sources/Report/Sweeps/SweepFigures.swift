import Platform

/// Curves of a tree's runs, one for each partition size, with reference measurements next to them.
struct SweepFigures {
    let groups: [RunGroup]
    let durations: RunDurations
    let references: [ReferenceMeasurement]
    /// The name of these runs in legends, next to reference measurements.
    let label: String

    /// A named line with its range at each point.
    struct Curve {
        /// Partition and data size: curves of equal ones have one colour.
        let kind: String
        /// The source, where there are several.
        var owner: String?
        var points: [LineSeries.Point]

        var name: String { [kind.isEmpty ? nil : kind, owner].compactMap(\.self).joined(separator: ", ") }
    }

    /// Whether there is a curve of this tree to draw.
    func isThere(_ quantity: SweepQuantity, by variable: SweepVariable) -> Bool { !own(quantity, by: variable).isEmpty }

    /// Runs of this tree. Curves are of one partition size, and where something else than the data size is varied, of one
    /// data size, too.
    func own(_ quantity: SweepQuantity, by variable: SweepVariable) -> [Curve] {
        var curves: [Curve] = []
        for group in groups {
            let values = group.runs.compactMap { quantity.value(of: $0, durations.duration(of: $0)) }
            guard let x = variable.value(of: group.key), !values.isEmpty else { continue }
            let y = Statistics.mean(values)
            let range = values.count > 1 ? (values.min() ?? y)...(values.max() ?? y) : nil
            let runs = values.count == 1 ? "1 run" : "mean of \(values.count) runs"
            let label = "\(group.key.text): \(Decimals.shortest(y, digits: 4)) (\(runs))"
            let kind = Self.kind(group.key.partition, variable == .dataSize ? nil : group.key.size?.text)
            Self.add(LineSeries.Point(x, y, range: range, label: label), kind: kind, owner: nil, to: &curves)
        }
        return curves
    }

    /// Curves of reference measurements, one for each partition size and hardware.
    func others(_ quantity: SweepQuantity, by variable: SweepVariable) -> [Curve] {
        var curves: [Curve] = []
        for other in references {
            guard let x = variable.value(of: other), let (y, range) = quantity.value(of: other) else { continue }
            let size = variable == .dataSize ? nil : other.gigabytes.map { Decimals.shortest($0, digits: 6) + " GB" }
            let label = "\(other.hardware): \(Decimals.shortest(y, digits: 4)) (\(other.source))"
            Self.add(
                LineSeries.Point(x, y, range: range, label: label), kind: Self.kind(other.partition, size),
                owner: other.hardware, to: &curves)
        }
        return curves
    }

    private static func add(_ point: LineSeries.Point, kind: String, owner: String?, to curves: inout [Curve]) {
        guard let index = curves.firstIndex(where: { $0.kind == kind && $0.owner == owner }) else {
            return curves.append(Curve(kind: kind, owner: owner, points: [point]))
        }
        curves[index].points.append(point)
        curves[index].points.sort { $0.x < $1.x }
    }

    /// `25 MB`, `25 MB, 1 GB`
    private static func kind(_ partition: Double?, _ size: String?) -> String {
        [partition.map { Decimals.shortest($0, digits: 6) + " MB" }, size].compactMap(\.self).joined(separator: ", ")
    }

    /// A figure with linear axes and one with logarithmic ones.
    func pair(_ quantity: SweepQuantity, by variable: SweepVariable, caption: String = "") -> [Figure] {
        [.linear, .logarithmic].map { figure(quantity, by: variable, $0, caption: caption) }
    }

    func figure(
        _ quantity: SweepQuantity, by variable: SweepVariable, _ kind: Scale.Kind, caption: String = ""
    ) -> Figure {
        let others = others(quantity, by: variable)
        let own = own(quantity, by: variable).map { curve in
            others.isEmpty ? curve : Curve(kind: curve.kind, owner: label, points: curve.points)
        }
        return figure(own, beside: others, quantity, by: variable, kind, caption: caption)
    }

    /// Rates by wall time and sums of the ranks' rates: the same runs, under distinct names.
    func wallBesideSum(by variable: SweepVariable, _ kind: Scale.Kind, caption: String) -> Figure {
        func named(_ quantity: SweepQuantity, _ owner: String) -> [Curve] {
            own(quantity, by: variable).map { Curve(kind: $0.kind, owner: owner, points: $0.points) }
        }
        return figure(
            named(.wallBits, "wall clock"), beside: named(.sumOfRanks, "sum of ranks"), .wallBits, by: variable, kind,
            showsFar: true, caption: caption)
    }

    /// - Parameters:
    ///   - guide: drawn behind the curves.
    ///   - showsFar: whether reference points far beyond the tree's own are drawn on linear axes, too.
    func figure(
        _ own: [Curve], beside others: [Curve], _ quantity: SweepQuantity, by variable: SweepVariable,
        _ kind: Scale.Kind, guide: Guide? = nil, showsFar: Bool = false, caption: String
    ) -> Figure {
        let log = kind == .logarithmic
        let shown = log || showsFar ? others : Self.near(others, own)
        let curves = own + shown
        let colours = curves.map(\.kind).reduce(into: [String]()) { all, kind in
            if kind.isEmpty || !all.contains(kind) { all.append(kind) }
        }
        var alone = 0
        func colour(_ curve: Curve) -> Int {
            // Each curve without a partition size has a colour of its own.
            guard curve.kind.isEmpty else { return colours.firstIndex(of: curve.kind) ?? 0 }
            alone += 1
            let places = colours.indices.filter { colours[$0].isEmpty }
            return places[min(alone, places.count) - 1]
        }
        let layers: [any ChartLayer] =
            own.map { LineSeries(name: $0.name, points: $0.points, series: colour($0)) }
            + shown.map {
                LineSeries(
                    name: $0.name, points: $0.points, series: colour($0), hasLine: $0.points.count > 1, isOutline: true)
            }
        let left = others.reduce(0) { $0 + $1.points.count } - shown.reduce(0) { $0 + $1.points.count }
        let points = curves.flatMap(\.points)
        let values = points.flatMap(\.extent)
        let places = points.map(\.x)
        // Only measured batch sizes and threads have ticks.
        let ticks = variable == .dataSize ? nil : Set(places).sorted().map { ($0, Scale.label($0)) }
        let chart = Chart(
            x: Axis(variable.words.axis, log ? .logarithmic(covering: places) : Self.linear(places), ticks: ticks),
            y: Axis(quantity.words.axis, log ? .logarithmic(covering: values) : Self.linear(values)),
            layers: (guide.map { [$0] } ?? []) + layers,
            // Rows of the legend do not shrink the plot.
            height: 380 + 18 * Double(max(0, curves.count - 3)), leftOut: ("points", left))
        let title = "\(quantity.words.title) by \(variable.words.title)" + (log ? ", logarithmic axes" : "")
        return chart.figure(
            id: "\(quantity.words.id)-by-\(variable.words.id)" + (log ? "-log" : ""), title: title,
            description: Self.description(curves), caption: caption)
    }

    /// From 0 on, with a margin above the largest value: no marker lies on the frame.
    private static func linear(_ values: [Double]) -> Scale { .linear(covering: values.map { 1.03 * $0 }, zero: true) }

    /// The reference points that leave room for the tree's own on linear axes.
    private static func near(_ others: [Curve], _ own: [Curve]) -> [Curve] {
        let points = own.flatMap(\.points)
        guard let right = points.map(\.x).max(), let top = points.map(\.y).max() else { return others }
        return others.compactMap { curve in
            let near = curve.points.filter { $0.x <= right * 1.1 && $0.y <= top * 4 }
            return near.isEmpty ? nil : Curve(kind: curve.kind, owner: curve.owner, points: near)
        }
    }

    /// The first and last points of the curves in words.
    private static func description(_ curves: [Curve]) -> String {
        curves.map { curve in
            guard let first = curve.points.first, let last = curve.points.last else { return curve.name }
            func place(_ point: LineSeries.Point) -> String {
                "\(Decimals.shortest(point.y, digits: 3)) at \(Decimals.shortest(point.x, digits: 4))"
            }
            return curve.points.count == 1
                ? "\(curve.name): \(place(first))" : "\(curve.name): from \(place(first)) to \(place(last))"
        }.joined(separator: "; ") + "."
    }
}
