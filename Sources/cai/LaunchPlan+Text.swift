import FanOut
import Report
import TensorFiles

extension LaunchPlan {
    /// The plan for people: what would run, a line for ranks that are alike, then time and cost.
    var text: String {
        func seconds(_ value: Double) -> String { Decimals.fixed(value, 1) + " s" }
        func dollars(_ value: Double) -> String { "$" + Decimals.fixed(value, value < 0.1 ? 4 : 2) }
        let cost = cost
        let lines =
            [
                ("data", "\(Numbers.counted(files, "partition")), \(Numbers.bytes(bytes)) in \(place)"),
                (
                    "galaxies",
                    "about \(Numbers.grouped(galaxies)), by \(Numbers.grouped(Self.bytesOfGalaxy)) bytes each"
                ),
                ("ranks", Numbers.grouped(ranks.count) + ", \(Numbers.grouped(min(ranks.count, concurrency))) at once"),
            ]
            + groups.map { group in
                let bytes = Set([group.least.bytes, group.most.bytes]).sorted().map(Numbers.bytes)
                let time = Set([group.least.seconds, group.most.seconds]).sorted().map(seconds)
                let count = Numbers.counted(group.count, "rank")
                let files = Numbers.counted(group.least.files, "file")
                return (
                    "", "\(count) of \(files), \(bytes.joined(separator: " to ")): \(time.joined(separator: " to "))"
                )
            } + [
                (
                    "assumed",
                    "\(workers.memory) MB, \(workers.architecture.rawValue), "
                        + "\(Decimals.fixed(workers.galaxiesPerSecond, 0)) galaxies/s a worker, "
                        + "\(seconds(Self.overhead)) beside it"
                ),
                (
                    "time",
                    "Map \(seconds(mapSeconds)), workers together \(seconds(workerSeconds)), Initialize and Summarize "
                        + seconds(otherSeconds)
                ),
                (
                    "cost",
                    "\(dollars(cost.functions + cost.stateMachine)): \(dollars(cost.functions)) for "
                        + "\(Decimals.fixed(gigabyteSeconds, 0)) GB-s and \(Numbers.counted(requests, "request")), "
                        + "\(dollars(cost.stateMachine)) for "
                        + Numbers.counted(stateTransitions, "state transition")
                ),
                (
                    "limits",
                    "an invocation ends after \(Int(Self.mostSeconds)) s; the slowest would take \(seconds(slowest))"
                ),
            ]
        return lines.map { name, text in
            name + String(repeating: " ", count: 10 - name.count) + text.printable + "\n"
        }.joined()
    }

    /// Ranks with as many files, in the order in which they are first met.
    private var groups: [(count: Int, least: Rank, most: Rank)] {
        var groups: [(count: Int, least: Rank, most: Rank)] = []
        for rank in ranks {
            if let index = groups.firstIndex(where: { $0.least.files == rank.files }) {
                groups[index].count += 1
                if rank.bytes < groups[index].least.bytes { groups[index].least = rank }
                if rank.bytes > groups[index].most.bytes { groups[index].most = rank }
            } else {
                groups.append((1, rank, rank))
            }
        }
        return groups
    }
}
