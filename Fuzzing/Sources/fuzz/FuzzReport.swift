@testable import Costs
@testable import Inference
@testable import Platform
@testable import Report
@testable import Runs

extension FuzzTarget {
    /// CSV: its records, before and after writing them, and every table that is read from them.
    static let csv = FuzzTarget(
        "csv", maximumLength: 2048,
        seeds: {
            try Seeds.fixtures("results", [".csv"], atMost: 2048)
                + Seeds.texts(
                    "object_id,z_phot,z_spec\n1,0.5,0.25\n\"a,\"\"b\",nan,\n", "\u{FEFF}z_spec,z_phot\r\n-1e-3,inf\r\n",
                    "z_phot\n0.1234567890123456789\n")
        },
        run: { bytes in
            Promise.refusal {
                let records = try FuzzTarget.records(bytes)
                let again = records.map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
                Promise.keep(
                    try records == FuzzTarget.records(Array(again.utf8)), "the written records are read differently")
            }
            Promise.refusal { checkNumbers(bytes) }
            Promise.refusal {
                let table = try PredictionTable(PredictionFile(bytes, name: "input"))
                Promise.keep(table.predicted.count == table.spectroscopic.count, "columns of different lengths")
                _ = try Quality(predicted: table.predicted, spectroscopic: table.spectroscopic)
            }
            Promise.refusal { _ = try NamedColumns(csv: bytes, name: "input", spaces: false) }
            Promise.refusal { _ = try DurationLog(csv: bytes, name: "input") }
            Promise.refusal { _ = try ReferenceMeasurement.read(csv: bytes, name: "input") }
        })

    private static func records(_ bytes: [UInt8]) throws(Failure) -> [[String]] {
        var text = DelimitedText(name: "input", bytes: bytes)
        var records: [[String]] = []
        while let record = try text.next() { records.append(record) }
        return records
    }

    private static func quoted(_ field: String) -> String {
        "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// Numbers parsed by the fast path equal those of the standard library.
    private static func checkNumbers(_ bytes: [UInt8]) {
        for field in bytes.split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == 10 }).prefix(64) {
            guard let value = DecimalText.number(bytes, field.startIndex..<field.endIndex) else { continue }
            let text = String(decoding: field, as: UTF8.self)
            Promise.keep(Double(text)?.bitPattern == value.bitPattern, "\(text) is read as \(value)")
        }
    }

    /// Files of predictions in every format: rows do not depend on the size of pieces.
    static let predictionLines = FuzzTarget(
        "prediction-lines", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "{\"object_id\":\"1\",\"z_phot\":0.5,\"z_spec\":null}\n{\"z_phot\":null}\n",
                "{\"a\\\"\":true,\"z_phot\":1e-3, \"z_spec\" : -0.25 }\r\n\n{}",
                "{\"object_id\":\"\\u00e9\\n\",\"row\":1,\"flags\":255,\"z_phot\":1}",
                PredictionEncoder.columns + "\r\n\"a,\n\"\":0\",a.pt,0,0.5,,0\n1,b,1,nan,0.25,4")
        },
        run: { bytes in
            let all = Set(PredictionColumn.allCases)
            Promise.refusal { try PredictionFile(bytes, name: "input").forEach(all.subtracting([.zSpec])) { _ in } }
            let breaks = bytes.count { $0 == 10 || $0 == 13 }
            for size in [1, 7, 64] {
                let (csv, lines) = (
                    PredictionRecords(name: "input", columns: all, required: []),
                    PredictionLines(name: "input", columns: all)
                )
                for (text, whole) in [
                    (rows(csv, bytes, size), rows(csv, bytes, bytes.count + 1)),
                    (rows(lines, bytes, size), rows(lines, bytes, bytes.count + 1)),
                ] {
                    Promise.keep(text == whole, "rows differ in pieces of \(size) bytes")
                    // One more for a last row without a line break, and one for an error.
                    Promise.keep(text.count <= breaks + 2, "\(text.count) rows in \(breaks) lines")
                }
            }
            Promise.refusal { _ = try PredictionTable(PredictionFile(bytes, name: "input.jsonl")) }
        })

    /// The rows, and the error after them, of input in pieces of `size` bytes.
    private static func rows(_ rows: some PredictionText, _ bytes: [UInt8], _ size: Int) -> [String] {
        var (rows, found): (_, [String]) = (rows, [])
        do {
            for start in stride(from: 0, to: bytes.count, by: size) {
                try rows.append(bytes.span.bytes.extracting(start..<min(start + size, bytes.count)))
                while let row = try rows.next() { found.append("\(row)") }
            }
            rows.finish()
            while let row = try rows.next() { found.append("\(row)") }
        } catch { found.append("\(error)") }
        return found
    }

    /// Results of ranks, records of experiments, and prices: JSON.
    static let results = FuzzTarget(
        "results", maximumLength: 4096,
        seeds: {
            try Seeds.fixtures("results", ["combined_data.json"], atMost: 4096)
                + Seeds.texts(
                    "{\"cai\":{\"version\":\"1\"},\"machine\":{\"cores\":2,\"instruction_set\":\"avx2\"},\"weights\":{},"
                        + "\"repeat\":true}",
                    "{\"wall_s\":1.5,\"map_s\":1,\"galaxies\":8}")
                + [Array("[]".utf8), PackageResources.prices_json]
        },
        run: { bytes in
            Promise.refusal {
                let run = try Run(combined: bytes, name: "input", summary: (bytes, "input"))
                Promise.keep(run.statistics.ranks == run.ranks.count, "the number of ranks differs")
            }
            Promise.refusal {
                let run = try Run(combined: bytes, name: "input")
                Promise.keep(run.statistics.galaxies >= 0 && run.statistics.longest >= 0, "negative sums")
                let cost = RunCost(run.ranks, name: "input")
                page(RunSections(run, duration: run.ownDuration).sections + [CostSection.of(cost)])
            }
            Promise.refusal { _ = try PriceList(json: bytes, name: "input") }
            Promise.refusal { _ = try JSONFile.decode(ExperimentSetup.self, bytes, name: "input") }
        })

    /// The page of a file of predictions, for any numbers.
    static let pages = FuzzTarget(
        "pages", maximumLength: 512,
        seeds: {
            Seeds.texts(
                "z_phot,z_spec\n0.5,0.25\n0.1,0.11\nnan,0.3\n", "z_phot\n1e308\n-1e308\n0.5\n",
                "z_phot,z_spec\n1e-300,1e300\n0,-1\n0.3,\n", "z_spec,z_phot\n-1,-1\n-1,5\n")
        },
        run: { bytes in
            Promise.refusal {
                let table = try PredictionTable(PredictionFile(bytes, name: "input"))
                page(try PredictionReport(table, name: "input").sections)
            }
        })

    private static func page(_ sections: [PageSection]) {
        let html = HTMLPage(title: "input", sections: sections).html
        Promise.keep(html.hasSuffix("</html>\n"), "the page is incomplete")
        Promise.keep(!html.contains("<script"), "the page has a script")
    }
}
