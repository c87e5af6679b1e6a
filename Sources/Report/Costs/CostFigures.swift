import Costs
import Platform

/// Drawings of costs.
enum CostFigures {
    /// Of runs that differ in partition and data size alone: dollars along partitions, of the size that most partitions
    /// have (the larger of equals), and along data sizes. One that would have a single place is left out.
    static func figures(_ costs: [TreeCost]) -> [Figure] {
        var sizes: [DataSize: [TreeCost]] = [:]
        for cost in costs where cost.key.partition != nil {
            if let size = cost.key.size, size.gigabytes != nil { sizes[size, default: []].append(cost) }
        }
        let most = sizes.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        var figures: [Figure] = []
        if let (size, costs) = most, costs.count > 1 {
            figures.append(
                figure(
                    id: "cost-by-partition", title: "Cost of \(size.text) by partition size",
                    axis: "partition (MB)", costs.compactMap { cost in cost.key.partition.map { ($0, cost) } }))
        }
        for (partition, costs) in partitions(costs) where costs.count > 1 {
            let name = Decimals.shortest(partition, digits: 6)
            figures.append(
                figure(
                    id: "cost-by-size-\(name)", title: "Cost by data size, \(name) MB partitions",
                    axis: "data size (GB)", costs.compactMap { cost in cost.key.size?.gigabytes.map { ($0, cost) } }))
        }
        return figures
    }

    private static func partitions(_ costs: [TreeCost]) -> [(Double, [TreeCost])] {
        let sized = costs.filter { $0.key.size?.gigabytes != nil && $0.key.partition != nil }
        return Dictionary(grouping: sized) { $0.key.partition ?? 0 }.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value)
        }
    }

    private static func figure(id: String, title: String, axis: String, _ costs: [(x: Double, cost: TreeCost)])
        -> Figure
    {
        let costs = costs.sorted { $0.x < $1.x }
        func line(_ name: String, _ series: Int, _ value: (TreeCost) -> Double?) -> LineSeries {
            LineSeries(
                name: name,
                points: costs.compactMap { x, cost in
                    value(cost).map { .init(x, $0, label: "\(name): \(Scale.label(x)), \(Dollars.text($0))") }
                }, series: series)
        }
        let lines =
            [line("published formula", 0, \.formula)]
            + LambdaArchitecture.allCases.enumerated().map { place, architecture in
                line("billed, \(architecture.rawValue)", place + 1) { $0.bill(on: architecture) }
            }
        let drawn = lines.filter { !$0.points.isEmpty }
        return Chart(
            // A little more than the last place, so that its markers are whole.
            x: Axis(axis, .linear(covering: costs.map { 1.05 * $0.x }, zero: true)),
            y: Axis("cost (US dollars)", .linear(covering: drawn.flatMap { $0.points.map(\.y) }, zero: true)),
            layers: drawn
        ).figure(
            id: id, title: title,
            description: "US dollars of a run by the published formula and as AWS bills it on each architecture.")
    }

    /// The cheapest plan by each deadline, on both architectures, and one deadline.
    static func frontier(_ reports: [PlanReport], deadline seconds: Double) -> Figure {
        let lines = reports.enumerated().map { place, report in
            let name = report.planner.architecture.rawValue
            // A plan is the cheapest until the next one ends.
            var points: [LineSeries.Point] = []
            for candidate in report.frontier {
                if let last = points.last { points.append(.init(candidate.seconds, last.y)) }
                points.append(.init(candidate.seconds, candidate.cost))
            }
            return LineSeries(name: name, points: points, series: place + 1, hasMarkers: false)
        }
        let marks = reports.enumerated().compactMap { place, report in
            report.inTime.map { inTime in
                LineSeries(
                    points: [
                        .init(
                            inTime.seconds, inTime.cost,
                            label: "\(report.planner.architecture.rawValue): \(PlanReport.workers(inTime.plan.ranks)), "
                                + "\(Dollars.text(inTime.cost)), \(PlanReport.seconds(inTime.seconds))")
                    ], series: place + 1, hasLine: false)
            }
        }
        let points = lines.flatMap(\.points)
        let costs = Scale.linear(covering: points.map(\.y), zero: true)
        let deadline = Guide("deadline", [(seconds, costs.domain.lowerBound), (seconds, costs.domain.upperBound)])
        return Chart(
            x: Axis("time from start to end (s)", .logarithmic(covering: points.map(\.x) + [seconds])),
            y: Axis("cost (US dollars)", costs), layers: [deadline] + lines + marks
        ).figure(
            id: "cost-by-deadline", title: "What a deadline costs on AWS Lambda",
            description:
                "The cost in US dollars of the cheapest plan that ends by each time, from the fastest plan to the "
                + "cheapest, on both architectures.",
            caption: "The cheapest plan that ends in time; reckoned, not measured on AWS.")
    }
}
