@testable import Inference
@testable import Runs
@testable import Platform

extension FuzzTarget {
    /// Events of state machines: JSON, and the values read from it.
    static let events = FuzzTarget(
        "events", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "{\"bucket\":\"b\",\"result_path\":\"r\",\"data_prefix\":\"100MB\",\"file_limit\":\"3\",\"batch_size\":512,"
                    + "\"world_size\":2,\"weights\":\"s3://w/a.pt\",\"tolerated_failure_percentage\":12.5}",
                "{\"S3_BUCKET\":\"b\",\"RANK\":\"1\",\"WORLD_SIZE\":2,\"DATA_PATH\":[\"a\",\"b\"],\"RESULT_PATH\":\"/r/\","
                    + "\"LABELS\":[\"x\",\"y\"],\"PREDICTIONS\":false}",
                "[1,-2.5e3,true,null,\"\\u00e9\\n\",{\"a\":{}}]", "1e999", "18446744073709551616", "{\"a\":1,\"a\":2}")
        },
        run: { bytes in
            Promise.refusal {
                let json = try JSONValue.parse(bytes, name: "input")
                // A whole number written with a fraction is read back as an integer.
                let written = try json.encoded()
                let again = try JSONValue.parse(written, name: "written")
                Promise.keep(try again.encoded() == written, "the written JSON is read differently")
                Promise.refusal {
                    let input = try InitializeInput(json)
                    Promise.keep(
                        !input.bucket.isEmpty && !input.resultPath.isEmpty, "the bucket or the result path is empty")
                    input.warnings.forEach { Promise.line($0) }
                }
                Promise.refusal {
                    let item = try WorkerItem(json)
                    Promise.keep(item.rank < item.worldSize, "rank \(item.rank) of \(item.worldSize)")
                    Promise.keep(item.objectLabels.count == item.dataPaths.count, "the number of labels differs")
                    Promise.keep(try WorkerItem(item.json) == item, "the written item is read differently")
                }
            }
        })

    /// `manifest.json` of a run, and the items of its ranks.
    static let manifest = FuzzTarget(
        "manifest", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "{\"run_id\":\"r1\",\"created\":1.5,\"started\":2,\"ranks\":2,\"weights_etag\":null,"
                    + "\"input\":{\"bucket\":\"b\",\"result_path\":\"r\"},\"partitions\":["
                    + "{\"key\":\"p/1.pt\",\"size\":10,\"etag\":\"e\",\"rank\":0},{\"key\":\"p/2.pt\",\"size\":0,\"rank\":1}]}"
            )
        },
        run: { bytes in
            Promise.refusal {
                let manifest = try RunManifest(try JSONValue.parse(bytes, name: "input"), name: "input")
                Promise.keep(
                    try RunManifest(manifest.json, name: "written") == manifest,
                    "the written manifest is read differently")
                let items = manifest.items
                Promise.keep(items.count == manifest.ranks, "\(items.count) items of \(manifest.ranks) ranks")
                Promise.keep(
                    items.reduce(0) { $0 + $1.dataPaths.count } == manifest.partitions.count, "partitions are lost")
            }
        })

    /// `OUT.rank.json` beside a rank's output.
    static let sidecar = FuzzTarget(
        "sidecar", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "{\"rank\":1,\"world_size\":2,\"start\":2,\"end\":3,\"total\":3,\"inputs\":{\"files\":1,\"bytes\":9,"
                    + "\"galaxies\":3,\"sha256\":\"00\"},\"weights\":{\"name\":\"w\",\"identity\":\"sha256:00\"},"
                    + "\"settings\":{\"batch\":\"1\"},\"made_by\":{\"version\":\"1\",\"gemm\":\"own\","
                    + "\"instruction_set\":\"avx2\"},\"output\":{\"name\":\"z.csv\",\"bytes\":9,\"sha256\":\"00\"}}")
        },
        run: { bytes in
            Promise.refusal {
                let sidecar = try RankSidecar(bytes, name: "input")
                Promise.keep(
                    try RankSidecar(sidecar.json, name: "written") == sidecar, "the written sidecar is read differently"
                )
                Promise.keep(sidecar.start <= sidecar.end && sidecar.end <= sidecar.total, "galaxies exceed the total")
                Promise.keep(!sidecar.output.name.contains("/"), "the output is in another folder")
                try check(RunRecord(sidecar))
            }
        })

    /// `OUT.run.json` beside an output.
    static let runRecord = FuzzTarget(
        "run-record", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "{\"galaxies\":3,\"inputs\":{\"files\":1,\"bytes\":9,\"galaxies\":3,\"sha256\":\"00\"},"
                    + "\"inputs_written\":\"2026-01-01\",\"weights\":{\"name\":\"w\",\"identity\":\"sha256:00\"},"
                    + "\"settings\":{\"missing\":\"-9999,99\"},\"choices\":{\"bands\":\"ugriz\",\"num_heads\":\"3\"},"
                    + "\"made_by\":{\"version\":\"1\",\"gemm\":\"own\",\"instruction_set\":\"avx2\"},"
                    + "\"output\":{\"name\":\"z.csv\",\"bytes\":3,\"sha256\":\"00\"}}")
        },
        run: { bytes in
            var warnings: [String] = []
            let own = RunRecord.of([1, 2, 3], bytes, name: "input") { warnings.append($0) }
            warnings.forEach(Promise.line)
            Promise.keep((own == nil) == (warnings.count == 1), "a record that is not used gives no warning")
            Promise.refusal { try check(RunRecord(bytes, name: "input")) }
        })

    /// The galaxies of files (`cai index`).
    static let index = FuzzTarget(
        "index", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "{\"cai_index\":1,\"files\":[\n"
                    + "{\"bytes\":9,\"galaxies\":3,\"path\":\"s3://b/1.pt\",\"version\":\"etag:00\"},\n"
                    + "{\"bytes\":9,\"galaxies\":1,\"path\":\"2.pt\",\"version\":\"crc32:0\"}\n]}\n")
        },
        run: { bytes in
            Promise.refusal {
                let index = try GalaxyIndex(bytes, name: "input")
                Promise.keep(
                    try GalaxyIndex(index.json, name: "written") == index, "the written index is read differently")
                Promise.keep(index.galaxies >= index.files.count, "a file has no galaxies")
                let sizes = index.files.map(\.bytes)
                let files = (0..<3).compactMap { RankShare(rank: $0, worldSize: 3)?.files(of: sizes) }
                Promise.keep(files.map(\.count).reduce(0, +) == sizes.count, "shares do not have each file once")
            }
        })

    private static func check(_ record: RunRecord) throws {
        Promise.keep(
            try RunRecord(record.json, name: "written") == record, "the written record is read differently")
        Promise.line(record.text)
        if let missing = record.missing {
            Promise.keep(try MissingValues(missing.text) == missing, "the missing values are read differently")
        }
    }
}
