import Cloud
import Costs
import Runs
import FoundationEssentials
import Platform
import Report

/// The costs of runs that have run.
struct RunCosts {
    let runs: [RunCost]
    private let prices: PriceList

    /// - Parameters:
    ///   - places: `combined_data.json` files, folders of such or trees of them, and `s3://` URLs.
    ///   - store: of the latter.
    /// - Throws: where a place has no results, or they cannot be read.
    init(_ places: [String], settings: RunCost.Settings, store: () throws -> any ObjectStore) throws {
        prices = settings.prices
        runs = try places.flatMap { place in
            S3Location.isLocation(place)
                ? [try Self.object(place, settings, try store())] : try Self.files(place, settings)
        }
    }

    private static func object(_ place: String, _ settings: RunCost.Settings, _ store: any ObjectStore) throws
        -> RunCost
    {
        let location = try S3Location(place)
        var key = location.key
        if !key.hasSuffix(".json") { key += (key.isEmpty || key.hasSuffix("/") ? "" : "/") + RunKeys.combinedName }
        let bytes = try store.get(bucket: location.bucket, key: key)
        return try RunCost(json: bytes, name: store.name(bucket: location.bucket, key: key), settings: settings)
    }

    private static func files(_ place: String, _ settings: RunCost.Settings) throws -> [RunCost] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), isFolder else {
            return [try RunCost(file: place, settings: settings)]
        }
        let file = place + (place.hasSuffix("/") ? "" : "/") + RunKeys.combinedName
        if FileManager.default.fileExists(atPath: file) { return [try RunCost(file: file, settings: settings)] }
        guard ResultTree.isTree(place) else {
            throw Failure(
                "\(place): expected \(RunKeys.combinedName) or result-partition-...MB folders in it, found neither")
        }
        return try ResultTree([place]).runs.map { run in RunCost(run.ranks, name: run.folder, settings: settings) }
    }

    var text: String {
        guard runs.count == 1, let run = runs.first else { return table }
        return "\(run.name.printable): \(Numbers.counted(run.galaxies, "galaxy", "galaxies"))\n"
            + run.comparison.text + run.notes.map { $0 + "\n" }.joined()
    }

    /// A line a run.
    private var table: String {
        let head =
            ["run", "workers", "galaxies", "each", "used", "configured", "published formula"]
            + LambdaArchitecture.allCases.map { "billed, \($0.rawValue)" }
        let rows = runs.map { run in
            let comparison = run.comparison
            return [
                run.name.printable, Numbers.grouped(comparison.requests), Numbers.grouped(run.galaxies),
                "\(Decimals.fixed(comparison.seconds, 2)) s",
                comparison.memoryUsed.map { "\(Decimals.fixed($0, 2)) GB" } ?? "unknown",
                "\(Numbers.grouped(comparison.memory)) MB",
                comparison.formula.map { Dollars.text($0.total) } ?? "unknown",
            ] + LambdaArchitecture.allCases.map { Dollars.text(comparison.bill(on: $0).total) }
        }
        // Notes that all runs have are said once; others name theirs.
        var notes: [String] = []
        for note in runs.flatMap(\.notes) where !notes.contains(note) { notes.append(note) }
        return Columns.text([head] + rows) + "\n" + prices.footer
            + notes.map { note in
                let count = runs.count { $0.notes.contains(note) }
                return note + (count == runs.count ? "" : " (\(count) of \(runs.count) runs)") + "\n"
            }.joined()
    }

    var json: JSONValue {
        .object([
            "runs": .array(
                runs.map { run in
                    .object([
                        "run": .string(run.name), "galaxies": .integer(run.galaxies),
                        "cost": run.comparison.json, "notes": .array(run.notes.map { .string($0) }),
                    ])
                }), "prices": prices.json,
        ])
    }
}
