import Cloud
import Glibc

@testable import Runs
@testable import Inference
@testable import Platform
@testable import TensorFiles

extension FuzzTarget {
    /// Outputs of ranks that are merged (`cai merge`): sidecar, output, sidecar, output ... in which `@bytes` and
    /// `@sha256` are replaced by the right values. The merged output has the rows of all outputs in order; invalid
    /// outputs leave no file.
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
                Sections.joined(
                    whole(0, 2, total: 1, first: 0), header + rows, whole(1, 2, total: 0, first: 1), header),
            ]
        },
        run: { bytes in
            let sections = Sections.split(bytes)
            guard (2...8).contains(sections.count) else { return }
            var paths: Set<String> = []
            defer { for path in paths { unlink(path) } }
            var arguments: [String] = []
            for index in stride(from: 0, to: sections.count - 1, by: 2) {
                let output = npy(sections[index + 1])
                let sidecar = sections[index].filling("@bytes", "\(output.count)").filling("@sha256", digest(output))
                // At the name in its sidecar, if that is valid.
                let named = (try? RankSidecar(sidecar, name: "input"))?.output.name
                let isName =
                    named.map { $0.utf8.count < 200 && !$0.utf8.contains(0) && !$0.contains(".partial-") } ?? false
                let path = Scratch.folder + "/" + (isName ? named ?? "" : "\(index).csv")
                Scratch.write(output, to: path)
                Scratch.write(sidecar, to: path + RankSidecar.ending)
                paths.formUnion([path, path + RankSidecar.ending])
                arguments.append(path)
            }
            Promise.refusal {
                let outputs = try RankOutputs(arguments, store: nil)
                outputs.mixtures.forEach { Promise.line(String($0.prefix(500))) }
                Promise.keep(outputs.missing.count + outputs.parts.count == outputs.worldSize, "ranks are lost")
                let merge = try RankMerge(outputs)
                let ending = outputs.parts.first.flatMap { PredictionFormat(path: $0.name)?.rawValue } ?? "csv"
                let path = Scratch.folder + "/joined." + ending
                defer { unlink(path) }
                guard !paths.contains(path) else { return }
                do {
                    try merge.write(to: OutputFile(path, store: nil, environment: [:]))
                } catch {
                    Promise.keep(Scratch.read(path) == nil, "a failed merge left a file")
                    throw error
                }
                check(Scratch.read(path) ?? [], outputs, ending)
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

    /// A rank of whole files, which has the one file of the listing or none.
    private static func whole(_ rank: Int, _ world: Int, total: Int, first: Int) -> String {
        let files =
            total > 0
            ? "{\"source\":\"a\",\"label\":\"a\",\"bytes\":9,\"galaxies\":\(total),\"version\":\"etag:0\"}" : ""
        let text = sidecar(rank, world, total: total)
        let share = RankShare(rank: rank, worldSize: world)?.galaxies(of: total) ?? 0..<0
        return text.replacing(
            "\"start\":\(share.lowerBound),\"end\":\(share.upperBound)",
            with: "\"start\":0,\"end\":\(total),\"whole_files\":{\"listing\":{\"files\":1,\"bytes\":9,"
                + "\"sha256\":\"00\"},\"first\":\(first),\"opened\":[\(files)]}")
    }

    /// Bytes above 127 are invalid.
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

    /// Compares with the parts, each read as a whole.
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
                return Promise.keep(joined == expected, "the merged rows differ")
            }
            func bits(_ bytes: [UInt8]) throws -> [UInt32] {
                try TensorFile.open(MemorySource(name: "array", bytes: bytes)).tensors.first?.floats().map(\.bitPattern)
                    ?? []
            }
            let all = try bits(joined)
            Promise.keep(all.count == outputs.total, "\(all.count) values for \(outputs.total) galaxies")
            Promise.keep(try parts.flatMap(bits) == all, "the merged values differ")
        }
    }

    /// The end of a run: its manifest, and a result and predictions for each rank, in which `@bytes` is the size of the
    /// predictions. The report, the merged results and the merged predictions agree.
    static let summarize = FuzzTarget(
        "summarize", maximumLength: 6144,
        seeds: {
            let input = "{\"bucket\":\"b\",\"result_path\":\"r\",\"tolerated_failure_percentage\":50}"
            let manifest =
                "{\"run_id\":\"r1\",\"created\":1.5,\"ranks\":2,\"input\":\(input),\"arithmetic\":\"a\",\"missing\":\"m\","
                + "\"partitions\":["
                + "{\"key\":\"p/1.pt\",\"size\":10,\"etag\":\"e\",\"rank\":0},{\"key\":\"p/2.pt\",\"size\":0,\"rank\":1}]}"
            func result(_ path: String, _ more: String = "") -> String {
                "{\"total_cpu_time (seconds)\":1,\"total_cpu_memory (MB)\":1,\"throughput_bps\":1,\"batch_size\":8,"
                    + "\"run_id\":\"r1\",\"data_path\":\"\(path)\",\"num_samples\":1,\"predictions_bytes\":@bytes,\"total_s\":1.5,"
                    + "\"predictions_sha256\":\"@sha256\",\"predictions_etag\":\"e\",\"arithmetic\":\"a\","
                    + "\"data_etags\":\"\(path == "p/1.pt" ? "e" : "")\",\"choices\":{\"missing\":\"m\"},"
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
                        .filling("@sha256", SHA256Digest.hash(table).hexadecimal)
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
                return Promise.keep(false, "the results are no array")
            }
            Promise.keep(results.count == done, "\(results.count) results for \(done) ranks")
            Promise.keep(report.galaxies >= 0 && (0...100).contains(report.failedPercentage), "invalid sums")
            Promise.keep(report.cost.map { $0 >= 0 } ?? true, "an invalid cost \(report.cost ?? 0)")
            let summary = try JSONValue.parse(store[keys.summary] ?? [], name: "summary")
            Promise.keep(summary["failed"] == .integer(report.failed.count), "the summary's failures differ")
            for key in [keys.predictions, keys.partialPredictions] {
                Promise.keep((store[key] != nil) == (report.table == key), "the report disagrees about \(key)")
            }
            Promise.keep(report.table != keys.predictions || report.failed.isEmpty, "a whole table lacks ranks")
            if let table = report.table.flatMap({ store[$0] }) {
                _ = try RankTable(
                    MemorySource(name: "joined", bytes: table), galaxies: report.galaxies,
                    sha256: SHA256Digest.hash(table).hexadecimal, isMeasured: false
                ) { _ in }
            }
        }
    }
}
