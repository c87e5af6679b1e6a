import Cloud
import Platform
import Runs

/// The summary that Summarize wrote of a run.
struct LaunchSummary {
    /// The file as it is, with keys that `RunReport` does not have.
    let json: JSONValue
    private let report: RunReport
    private let name: String

    /// - Throws: where it does not exist, or is no summary.
    init(_ input: InitializeInput, from store: any ObjectStore) throws(Failure) {
        let key = RunKeys(resultPath: input.resultPath).summary
        name = store.name(bucket: input.bucket, key: key)
        let bytes = try store.get(bucket: input.bucket, key: key)
        json = try JSONValue.parse(bytes, name: name)
        report = try JSONFile.decode(RunReport.self, bytes, name: name)
    }

    /// A few lines for people.
    var text: String {
        var text =
            Numbers.counted(report.galaxies, "galaxy", "galaxies") + " by " + Numbers.counted(report.ranks, "rank")
        if report.failedCount > 0 { text += " (\(Numbers.grouped(report.failedCount)) failed)" }
        text += " in \(Decimals.fixed(report.wallSeconds, 2)) s"
        if let rate = report.galaxiesPerSecond { text += ", \(Decimals.fixed(rate, 1)) galaxies/s" }
        if let seconds = report.mapSeconds { text += "; the Map \(Decimals.fixed(seconds, 2)) s" }
        text += "; workers together \(Decimals.fixed(report.workerSeconds, 2)) s\n"
        if let billed = report.billedGigabyteSeconds, let cost = report.cost {
            text += "billed \(Decimals.fixed(billed, 1)) GB-s, $\(Decimals.fixed(cost, 4))\n"
        }
        return text + "results: \(name) and beside it\n"
    }
}
