import FoundationEssentials
import Inference
import Platform

/// The journals of unfinished ranks (`PART.partial`), from which their commands are resumed.
struct UnfinishedRanks {
    /// Journals that no process writes.
    private var kept: [String] = []
    /// Journals of running commands.
    private var running: [String] = []

    /// The most names in an error line.
    private static let most = 8

    /// - Parameter journals: names of files, which need not exist.
    private init(_ journals: some Sequence<String>) {
        for name in journals {
            guard let isOpen = RecordLog.isOpen(name) else { continue }
            if isOpen { running.append(name) } else { kept.append(name) }
        }
    }

    /// The journals of `ranks`, by the name of another rank's part.
    init(_ ranks: [Int], like part: RankOutputs.Part) {
        let sidecar = part.sidecar
        let share = RankShare(rank: sidecar.rank, worldSize: sidecar.worldSize)
        var names: [String] = []
        for rank in ranks {
            guard let share, let other = RankShare(rank: rank, worldSize: sidecar.worldSize) else { continue }
            names += Self.names(part.name, of: share, as: other).map { $0 + PredictionJournal.ending }
        }
        self.init(names)
    }

    /// The journals beside the outputs that an argument stands for: a folder, a pattern or a file.
    init(at argument: String) {
        var isFolder = false
        if FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder), isFolder {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: argument)) ?? []
            let prefix = RankOutputs.prefix(ofFolder: argument)
            self.init(
                names.filter { $0.hasSuffix(PredictionJournal.ending) }.sorted(by: NaturalOrder.precedes)
                    .map { prefix + $0 })
        } else {
            let name = argument + PredictionJournal.ending
            self.init(PathPattern.hasWildcards(argument) ? PathPattern.matches(name) : [name])
        }
    }

    /// A part's name with the number of another rank. `{rank}` may occur in a name more than once, and the same digits may occur
    /// for another reason.
    private static func names(_ name: String, of share: RankShare, as other: RankShare) -> Set<String> {
        if name.contains(share.label) { return [name.replacing(share.label, with: other.label)] }
        var names: Set = [name.replacing(share.number, with: other.number)]
        for place in name.ranges(of: share.number) {
            names.insert("\(name[..<place.lowerBound])\(other.number)\(name[place.upperBound...])")
        }
        return names
    }

    /// `; z.csv.partial is kept: resume with --resume with it`; empty where there is nothing.
    var text: String {
        var text = ""
        if kept.count == 1 {
            text += "; \(kept[0]) is kept: resume that rank with --resume"
        } else if !kept.isEmpty {
            text += "; \(Self.listed(kept)) are kept: resume those ranks with --resume"
        }
        if !running.isEmpty { text += "; running: \(Self.listed(running))" }
        return text
    }

    private static func listed(_ names: [String]) -> String {
        let rest = names.count - most
        return names.prefix(most).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
