import Cloud
import Runs
import Platform
import Report

/// Summarize's result of a run.
struct LaunchSummary {
    let json: JSONValue
    private let place: String

    /// - Throws: where it is not there, or is no JSON.
    init(_ input: InitializeInput, from store: any ObjectStore) throws(Failure) {
        let key = RunKeys(resultPath: input.resultPath).summary
        place = store.name(bucket: input.bucket, key: key)
        let bytes: [UInt8]
        bytes = try store.get(bucket: input.bucket, key: key)
        json = try JSONValue.parse(bytes, name: place)
    }

    /// A few lines for people.
    var text: String {
        var text =
            Numbers.counted(whole("galaxies"), "galaxy", "galaxies") + " by " + Numbers.counted(whole("ranks"), "rank")
        if whole("failed") > 0 { text += " (\(Numbers.grouped(whole("failed"))) failed)" }
        text += seconds(" in ", "wall_s")
        if let rate = number("galaxies_per_s") { text += ", \(Decimals.fixed(rate, 1)) galaxies/s" }
        text += seconds("; the Map ", "map_s") + seconds("; workers together ", "worker_s")
        text += "\n"
        if let billed = number("billed_gb_s"), let cost = number("cost_usd") {
            text += "billed \(Decimals.fixed(billed, 1)) GB-s, $\(Decimals.fixed(cost, 4))\n"
        }
        return text + "results: \(place) and beside it\n"
    }

    private func number(_ key: String) -> Double? {
        switch json[key] {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    private func whole(_ key: String) -> Int { number(key).flatMap { Int(exactly: $0) } ?? 0 }

    private func seconds(_ before: String, _ key: String) -> String {
        number(key).map { "\(before)\(Decimals.fixed($0, 2)) s" } ?? ""
    }
}
