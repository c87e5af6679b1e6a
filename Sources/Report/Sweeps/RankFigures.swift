import Platform

/// Figures of one run's ranks.
struct RankFigures {
    let run: Run
    let timeline: RankTimeline

    init(_ run: Run) { (self.run, timeline) = (run, RankTimeline(run.ranks)) }

    /// The most bars that can be distinguished; more ranks are counted.
    static let mostBars = 200
    private static let parts = 160

    /// A bar for each rank, or for many ranks the number of them in each stage over time.
    var ranks: Figure {
        let (from, caption) =
            switch timeline.origin {
            case .run:
                (
                    "the first rank's start",
                    "Queue is what a rank waited after the first one began. Galaxies are fetched while others are "
                        + "computed: that is in compute."
                )
            case .store:
                (
                    "the first call to the store",
                    "The files do not state when ranks began: bars start with their first call to the store, and compute "
                        + "is drawn right behind the last."
                )
            case .rank: ("each rank's own start", "The files state how long each rank computed, and not when.")
            }
        let isCounted = timeline.bars.count > Self.mostBars
        let chart = isCounted ? counted(since: from) : stacked(since: from)
        return chart.figure(
            id: "ranks", title: timeline.origin == .rank ? "Time of each rank" : "Timeline of the ranks",
            description: description,
            caption: caption + (isCounted ? " Counts are means over 1/\(Self.parts) of the time." : ""))
    }

    private var description: String {
        let stages = timeline.stages.map { stage in
            let seconds = timeline.bars.reduce(0) { sum, bar in
                sum + bar.spans.filter { $0.stage == stage }.reduce(0) { $0 + $1.to - $1.from }
            }
            return "\(stage.rawValue) \(Decimals.shortest(seconds / Double(max(1, timeline.bars.count)), digits: 3)) s"
        }
        let count = timeline.bars.count
        return "\(count == 1 ? "1 rank" : "\(count) ranks"); on average "
            + "\(stages.joined(separator: ", ")); the last ends after \(Decimals.shortest(timeline.end, digits: 4)) s."
    }

    private func stacked(since start: String) -> Chart {
        let bars = timeline.bars
        let layers = timeline.stages.map { stage in
            Boxes(
                stage.rawValue,
                bars.enumerated().flatMap { index, bar in
                    let row = Double(bars.count - 1 - index)
                    return bar.spans.filter { $0.stage == stage }.map { span in
                        let seconds = Decimals.shortest(span.to - span.from, digits: 4)
                        return Boxes.Box(
                            x: span.from...span.to, y: row + 0.08...row + 0.92,
                            label: "\(bar.name): \(stage.rawValue) \(seconds) s")
                    }
                }, series: stage.series)
        }
        // The first bar is at the top.
        let every = max(1, (bars.count + 24) / 25)
        let ticks = stride(from: 0, to: bars.count, by: every).map { index -> (value: Double, label: String) in
            (
                value: Double(bars.count) - Double(index) - 0.5,
                label: every == 1 ? String(bars[index].name.dropFirst("rank ".count)) : "\(index + 1)"
            )
        }
        let order = timeline.origin == .rank ? "the longest first" : "in the order of their starts"
        return Chart(
            x: Axis("seconds since \(start)", .linear(covering: [timeline.end], zero: true)),
            y: Axis(every == 1 ? "rank" : "ranks, \(order)", .linear(0, Double(max(1, bars.count))), ticks: ticks),
            layers: layers, width: 560, height: min(640, max(220, 110 + 20 * Double(bars.count))))
    }

    private func counted(since start: String) -> Chart {
        let width = timeline.end / Double(Self.parts)
        var below = [Double](repeating: 0, count: Self.parts)
        var layers: [Boxes] = []
        for stage in timeline.stages {
            let counts = timeline.occupation(of: stage, parts: Self.parts)
            var boxes: [Boxes.Box] = []
            for (part, count) in counts.enumerated() where count > 0 {
                let x = Double(part) * width
                boxes.append(Boxes.Box(x: x...x + width, y: below[part]...below[part] + count))
                below[part] += count
            }
            layers.append(Boxes(stage.rawValue, boxes, series: stage.series))
        }
        return Chart(
            x: Axis("seconds since \(start)", .linear(covering: [timeline.end], zero: true)),
            y: Axis("ranks in a stage (mean)", .linear(covering: [below.max() ?? 1], zero: true)), layers: layers,
            width: 560)
    }

    /// The times of calls to the store, rank by rank; nil where no rank has them.
    var store: Figure? {
        let times = run.ranks.compactMap(\.store).filter { $0.average != nil }
            .sorted { ($0.average ?? 0) < ($1.average ?? 0) }
        guard times.count > 1 else { return nil }
        let every = max(1, times.count / Self.mostBars)
        // Includes the last rank, which is the slowest.
        let places = Array(stride(from: 0, to: times.count - 1, by: every)) + [times.count - 1]
        let points = places.map { index in
            let time = times[index]
            let average = time.average ?? 0
            return (
                x: Double(index + 1), average: average, low: time.shortest ?? average, high: time.longest ?? average
            )
        }
        let values = points.flatMap { [$0.low, $0.average, $0.high] }
        let chart = Chart(
            x: Axis("ranks, in the order of their mean", .linear(1, Double(times.count))),
            y: Axis("seconds of a call", .logarithmic(covering: values)),
            layers: [
                Band(name: "shortest to longest", points: points.map { ($0.x, $0.low, $0.high) }, series: 5),
                LineSeries(name: "mean", points: points.map { .init($0.x, $0.average) }, series: 0, hasMarkers: false),
            ])
        let slowest = times.compactMap(\.longest).max() ?? 0
        return chart.figure(
            id: "store-calls", title: "Calls to the store, rank by rank",
            description: "Mean, shortest and longest call of \(times.count) ranks; the longest of all took "
                + "\(Decimals.shortest(slowest, digits: 3)) s.",
            caption: "As ranks measured them. Calls at once count one by one.")
    }
}
