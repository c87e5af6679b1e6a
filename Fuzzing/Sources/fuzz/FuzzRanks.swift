import Cloud
import Glibc

@testable import Runs
@testable import Inference
@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// Outputs of ranks that are joined (`cai merge`): sidecar, output, sidecar, output ... of which `@bytes` and `@sha256` are
    /// what is right. What is joined is the outputs' rows, one after another, and where something is wrong nothing is there.
    static let rankMerge = FuzzTarget(
        "rank-merge", maximumLength: 6144,
        seeds: {
            let (header, rows) = (PredictionEncoder.columns + "\n", "a:0,a.pt,0,0.5,,0\n")
            func array(_ values: String) -> String {
                let start = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
                return "\u{1}NUMPY@" + start + String(repeating: " ", count: 117 - start.utf8.count) + "\n" + values
            }
            return [
                Sections.joined(sidecar(0, 2, total: 1), header + rows, sidecar(1, 2, total: 1), header),
                Sections.joined(
                    sidecar(1, 2, total: 3, "a.jsonl"), "{}\n", sidecar(0, 2, total: 3, "b.jsonl"), "{}\n{}\n"),
                Sections.joined(
                    sidecar(0, 2, total: 2, "0.npy"), array("abcd"), sidecar(1, 2, total: 2, "1.npy"), array("efgh")),
                Sections.joined(sidecar(0, 1, total: 0, "z.csv"), ""),
                Sections.joined(sidecar(0, 3, total: 9), header + rows),
            ]
        },
        run: { bytes in
            let sections = Sections.split(bytes)
            guard (2...8).contains(sections.count) else { return }
            var places: Set<String> = []
            defer { for place in places { unlink(place) } }
            var arguments: [String] = []
            for index in stride(from: 0, to: sections.count - 1, by: 2) {
                let output = npy(sections[index + 1])
                let sidecar = sections[index].filling("@bytes", "\(output.count)").filling("@sha256", digest(output))
                // Where it says that it belongs, if that is a name.
                let named = (try? RankSidecar(sidecar, name: "input"))?.output.name
                let isName =
                    named.map { $0.utf8.count < 200 && !$0.utf8.contains(0) && !$0.contains(".partial-") } ?? false
                let place = Scratch.folder + "/" + (isName ? named ?? "" : "\(index).csv")
                Scratch.write(output, to: place)
                Scratch.write(sidecar, to: place + RankSidecar.ending)
                places.formUnion([place, place + RankSidecar.ending])
                arguments.append(place)
            }
            Promise.refusal {
                let outputs = try RankOutputs(arguments, store: nil)
                outputs.mixtures.forEach { Promise.line(String($0.prefix(500))) }
                Promise.keep(outputs.missing.count + outputs.parts.count == outputs.worldSize, "ranks are lost")
                let merge = try RankMerge(outputs)
                let ending = outputs.parts.first.flatMap { PredictionFormat(path: $0.name)?.rawValue } ?? "csv"
                let place = Scratch.folder + "/joined." + ending
                defer { unlink(place) }
                guard !places.contains(place) else { return }
                do {
                    try merge.write(to: OutputFile(place, store: nil, environment: [:]))
                } catch {
                    Promise.keep(Scratch.read(place) == nil, "what could not be joined is there")
                    throw error
                }
                check(Scratch.read(place) ?? [], outputs, ending)
            }
        })

    private static func sidecar(_ rank: Int, _ world: Int, total: Int, _ name: String? = nil) -> String {
        let share = RankShare(rank: rank, worldSize: world)?.galaxies(of: total) ?? 0..<0
        return "{\"rank\":\(rank),\"world_size\":\(world),\"start\":\(share.lowerBound),\"end\":\(share.upperBound),"
            + "\"total\":\(total),\"inputs\":{\"files\":1,\"bytes\":9,\"galaxies\":\(total),\"sha256\":\"00\"},"
            + "\"weights\":{\"name\":\"w\",\"identity\":\"sha256:00\"},\"settings\":{\"bands\":\"ugriz\"},\"made_by\":"
            + "{\"version\":\"1\",\"gemm\":\"own\",\"instruction_set\":\"avx2\"},\"output\":{\"name\":\""
            + (name ?? "z.\(rank).csv") + "\",\"bytes\":@bytes,\"sha256\":\"@sha256\"}}"
    }

    /// Bytes above 127 are no text's.
    private static func npy(_ section: [UInt8]) -> [UInt8] {
        let mark = Array("\u{1}NUMPY@".utf8)
        guard section.starts(with: mark) else { return section }
        return NumPyFile.magic + [1, 0, 118, 0] + section.dropFirst(mark.count)
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        var digest = SHA256Stream()
        digest.update(bytes.span.bytes)
        return digest.finish()
    }

    /// Against the parts, each read whole.
    private static func check(_ joined: [UInt8], _ outputs: RankOutputs, _ ending: String) {
        let parts = outputs.parts.map { Scratch.read($0.name) ?? [] }
        Promise.refusal {
            guard ending == "npy" else {
                var expected: [UInt8] = []
                var isFirst = true
                for part in parts where !part.isEmpty {
                    let rows = ending == "csv" && !isFirst ? part.drop { $0 != 10 }.dropFirst() : part[...]
                    expected += rows
                    isFirst = false
                }
                return Promise.keep(joined == expected, "other rows are joined")
            }
            func bits(_ bytes: [UInt8]) throws -> [UInt32] {
                try TensorFile.open(MemorySource(name: "array", bytes: bytes)).tensors.first?.floats().map(\.bitPattern)
                    ?? []
            }
            let all = try bits(joined)
            Promise.keep(all.count == outputs.total, "\(all.count) of \(outputs.total) values")
            Promise.keep(try parts.flatMap(bits) == all, "other values are joined")
        }
    }

    /// A run's end: its manifest, and of each rank a result and predictions, where `@bytes` is the latter's size. The report,
    /// the joined results and the joined predictions agree with one another.
    static let summarize = FuzzTarget(
        "summarize", maximumLength: 6144,
        seeds: {
            let input = "{\"bucket\":\"b\",\"result_path\":\"r\",\"tolerated_failure_percentage\":50}"
            let manifest =
                "{\"run_id\":\"r1\",\"created\":1.5,\"ranks\":2,\"input\":\(input),\"partitions\":["
                + "{\"key\":\"p/1.pt\",\"size\":10,\"etag\":\"e\",\"rank\":0},{\"key\":\"p/2.pt\",\"size\":0,\"rank\":1}]}"
            func result(_ path: String, _ more: String = "") -> String {
                "{\"total_cpu_time (seconds)\":1,\"total_cpu_memory (MB)\":1,\"throughput_bps\":1,\"batch_size\":8,"
                    + "\"run_id\":\"r1\",\"data_path\":\"\(path)\",\"num_samples\":1,\"predictions_bytes\":@bytes,\"total_s\":1.5,"
                    + "\"inference_s\":1,\"started\":2,\"finished\":4,\"architecture\":\"arm64\"\(more)}"
            }
            let table = PredictionEncoder.columns + "\n\"a,\n:0\",a.pt,0,0.5,0.25,0\n"
            return [
                Sections.joined(
                    manifest, result("p/1.pt"), table, result("p/2.pt", ",\"configured_memory_mb\":1769"), table),
                Sections.joined(manifest, result("p/1.pt", ",\"weights_etag\":\"1\",\"s3_bytes_read\":9"), table),
                Sections.joined(manifest.replacing("50}", with: "1,\"predictions\":false}"), result("p/1.pt"), ""),
            ]
        },
        run: { bytes in
            let sections = Sections.split(bytes)
            guard sections.count <= 9 else { return }
            Promise.refusal {
                let manifest = try RunManifest(try JSONValue.parse(sections[0], name: "input"), name: "input")
                guard manifest.ranks <= 16 else { return }
                let keys = manifest.keys
                var objects = [keys.manifest: sections[0]]
                for rank in 0..<(sections.count - 1) / 2 {
                    let table = sections[2 * rank + 2]
                    objects[keys.result(rank)] = sections[2 * rank + 1].filling("@bytes", "\(table.count)")
                    if !table.isEmpty { objects[keys.predictions(rank)] = table }
                }
                let store = MemoryStore(objects)
                let event = try SummarizeEvent(.object(["manifest": manifest.place.json]))
                let report = try Summarize(store: store, environment: ["TMPDIR": Scratch.folder]).run(event)
                check(report, store)
            }
            Promise.refusal { _ = try SummarizeEvent(try JSONValue.parse(sections[0], name: "input")) }
        })

    private static func check(_ report: RunReport, _ store: MemoryStore) {
        let keys = report.keys
        Promise.refusal {
            let done = report.ranks - report.failed.count
            guard case .array(let results) = try JSONValue.parse(store[keys.combined] ?? [], name: "joined") else {
                return Promise.keep(false, "results that are no array")
            }
            Promise.keep(results.count == done, "\(results.count) results of \(done) ranks")
            Promise.keep(report.galaxies >= 0 && (0...100).contains(report.failedPercentage), "sums of nothing")
            Promise.keep(report.cost.map { $0 >= 0 } ?? true, "a cost of \(report.cost ?? 0)")
            let summary = try JSONValue.parse(store[keys.summary] ?? [], name: "summary")
            Promise.keep(summary["failed"] == .integer(report.failed.count), "other failures in the summary")
            Promise.keep((store[keys.predictions] != nil) == report.hasPredictions, "predictions or none")
            if let table = store[keys.predictions] {
                let rows = try PredictionTables.Rows(table, name: "joined")
                Promise.keep(rows.count == report.galaxies, "\(rows.count) rows of \(report.galaxies) galaxies")
            }
        }
    }
}
