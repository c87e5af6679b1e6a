import Runs

/// The stages of each rank of a run over time.
struct RankTimeline {
    /// A stage by its name, in the order of time.
    enum Stage: String, CaseIterable {
        case queue
        case load = "load weights"
        case download = "open or download"
        case compute, publish, other

        /// Its colour.
        var series: Int { Self.colours[self] ?? 0 }

        private static let colours: [Stage: Int] = [
            .queue: 6, .load: 4, .download: 5, .compute: 0, .publish: 2, .other: 3,
        ]
    }

    struct Span: Equatable {
        let stage: Stage
        let from: Double
        let to: Double
    }

    struct Bar {
        let name: String
        /// One after another, from second 0 on.
        let spans: [Span]
        var end: Double { spans.last?.to ?? 0 }
    }

    /// The origin of the times.
    enum Origin {
        /// The first rank's start: ranks have start times and stages.
        case run
        /// The first call to the store of all ranks: older files have no other time of a rank's start.
        case store
        /// Each rank's own start, where start times are unknown.
        case rank
    }

    let origin: Origin
    /// In the order of their starts; where these are unknown, the longest first.
    let bars: [Bar]

    init(_ ranks: [RankResult]) {
        let starts = ranks.compactMap { $0.stages == nil ? nil : $0.started }
        let calls = ranks.compactMap { rank in rank.store?.firstRequest.flatMap { $0 > 0 ? $0 : nil } }
        let named = ranks.enumerated().map { ("rank \($1.rank ?? $0)", $1) }
        if let first = starts.min(), starts.count == ranks.count {
            origin = .run
            bars = Self.inOrder(
                named.map { name, rank in
                    let stages = rank.stages
                    return Self.bar(
                        name,
                        [
                            (.queue, (rank.started ?? first) - first), (.load, stages?.load ?? 0),
                            (.download, stages?.download ?? 0), (.compute, stages?.compute ?? 0),
                            (.publish, stages?.publish ?? 0), (.other, stages?.other ?? 0),
                        ])
                })
        } else if let first = calls.min(), calls.count == ranks.count {
            origin = .store
            bars = Self.inOrder(
                named.map { name, rank in
                    let start = rank.store?.firstRequest ?? first
                    let calls = max(0, (rank.store?.lastResponse ?? start) - start)
                    return Self.bar(name, [(.queue, start - first), (.download, calls), (.compute, rank.seconds)])
                })
        } else {
            origin = .rank
            bars = named.map { Bar(name: $0, spans: [Span(stage: .compute, from: 0, to: $1.seconds)]) }
                .sorted { $0.end > $1.end }
        }
    }

    private static func inOrder(_ bars: [Bar]) -> [Bar] {
        func start(_ bar: Bar) -> Double { bar.spans.first { $0.stage != .queue }?.from ?? 0 }
        // A stable sort: ranks with equal starts keep their order.
        return bars.enumerated().sorted { (start($0.element), $0.offset) < (start($1.element), $1.offset) }
            .map(\.element)
    }

    private static func bar(_ name: String, _ lengths: [(Stage, Double)]) -> Bar {
        var spans: [Span] = []
        var end = 0.0
        for (stage, seconds) in lengths where seconds > 0 {
            spans.append(Span(stage: stage, from: end, to: end + seconds))
            end += seconds
        }
        return Bar(name: name, spans: spans)
    }

    /// The stages of any bar.
    var stages: [Stage] {
        let present = Set(bars.flatMap { $0.spans.map(\.stage) })
        return Stage.allCases.filter(present.contains)
    }

    var end: Double { bars.map(\.end).max() ?? 0 }

    /// The average number of ranks in a stage, over each of a number of equal parts of the time.
    func occupation(of stage: Stage, parts: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: parts)
        guard end > 0 else { return counts }
        let width = end / Double(parts)
        for span in bars.flatMap(\.spans) where span.stage == stage {
            let first = min(max(0, Int(span.from / width)), parts - 1)
            let last = min(max(first, Int(span.to / width)), parts - 1)
            for part in first...last {
                let from = max(span.from, Double(part) * width)
                let to = min(span.to, Double(part + 1) * width)
                counts[part] += max(0, to - from) / width
            }
        }
        return counts
    }
}
