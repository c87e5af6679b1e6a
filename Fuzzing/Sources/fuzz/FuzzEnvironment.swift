@testable import Cloud
@testable import Runs
@testable import Inference
@testable import Platform

extension FuzzTarget {
    /// Structured variables, one a line: ranks of schedulers, regions and endpoints; and descriptions of processors by
    /// the system. A rank is within its world size, and a container has at least one processor.
    static let environment = FuzzTarget(
        "environment", maximumLength: 512,
        seeds: {
            Seeds.texts(
                "RANK=1\nWORLD_SIZE=4", "SLURM_JOB_ID=9\nSLURM_STEP_ID=0\nSLURM_PROCID=3\nSLURM_NTASKS=4",
                "SLURM_ARRAY_TASK_ID=7\nSLURM_ARRAY_TASK_COUNT=3\nSLURM_ARRAY_TASK_MIN=3\nSLURM_ARRAY_TASK_STEP=2\n"
                    + "SLURM_ARRAY_TASK_MAX=7\nSLURM_PROCID=1\nSLURM_NTASKS=2\nSLURM_JOB_ID=1\nSLURM_STEP_ID=0",
                "AWS_BATCH_JOB_ARRAY_INDEX=1\nAWS_BATCH_JOB_ARRAY_SIZE=2", "JOB_COMPLETION_INDEX=2\nWORLD_SIZE=3",
                "AWS_REGION=cn-north-1\nAWS_ENDPOINT_URL_S3=http://127.0.0.1:9000/a//",
                "0-3,8\n100000 50000\nCpus_allowed_list:\t0-1\n0::/a/b\n4:cpu,cpuacct:/c")
        },
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            var variables: [String: String] = [:]
            for line in text.split(separator: "\n") {
                guard let mark = line.firstIndex(of: "="), variables.count < 32 else { continue }
                variables[String(line[..<mark])] = String(line[mark...].dropFirst())
            }
            let ranks = RankEnvironment(variables)
            for world in [nil, 1, 8] {
                Promise.refusal {
                    guard let found = try ranks.find(worldSize: world) else { return }
                    Promise.keep((0..<found.share.worldSize).contains(found.share.rank), "\(found.share)")
                    Promise.keep(
                        world.map { $0 == found.share.worldSize } ?? (found.share.worldSize > 1),
                        "the world size differs")
                    let galaxies = found.share.galaxies(of: 1000)
                    Promise.keep(galaxies.upperBound <= 1000, "galaxies exceed the total")
                }
            }
            // Files and services are not tested by this target.
            let aws = variables.filter { entry in
                ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT", "AWS_USE_"].contains { entry.key.hasPrefix($0) }
            }
            Promise.refusal {
                let own = AWSConfiguration(
                    region: aws["AWS_REGION"] ?? "us-east-1",
                    credentials: AWSCredentials(accessKey: "A", secretKey: "s", sessionToken: nil), environment: aws)
                let url = try S3Endpoint(own).address(bucket: "bucket", key: "a b/c", query: [("x", "y")]).url
                Promise.keep(url.hasSuffix("a%20b/c?x=y"), "a URL of \(url)")
                Promise.keep(!url.contains { $0.isNewline || $0 == " " } || aws.count > 0, "the URL has several lines")
            }
            checkProcessors(text)
        })

    private static func checkProcessors(_ text: String) {
        for line in text.split(separator: "\n").prefix(16) {
            if let numbers = Processors.numbers(line) {
                Promise.keep(
                    !numbers.isEmpty && numbers.allSatisfy { (0..<8192).contains($0) }, "processors of \(line)")
            }
            if let quota = Processors.quota(limit: String(line)) {
                Promise.keep(quota > 0 && quota.isFinite, "\(quota)")
            }
        }
        _ = Processors.allowed(status: text)
        for folder in Processors.groups(text) { Promise.keep(folder.hasPrefix("/sys/fs/cgroup"), folder) }
    }

    /// Names of files and keys, one a line: their order is total, and their labels are unique.
    static let names = FuzzTarget(
        "names", maximumLength: 512,
        seeds: {
            Seeds.texts(
                "2.pt\n10.pt\n1.npz\n01.pt", "a/1.pt\nb/1.pt\na/1.npz", "a\n/a\na/\n//a",
                "z.rank-0001-of-0002.csv\nout/{rank}/{world}",
                "e\u{301}.pt\n\u{E9}.pt", ".pt\n..pt\npt")
        },
        run: { bytes in
            let names = Array(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init).prefix(12))
            for a in names {
                for b in names {
                    let (less, more) = (NaturalOrder.precedes(a, b), NaturalOrder.precedes(b, a))
                    let isSame = Array(a.utf8) == Array(b.utf8)
                    Promise.keep(less != more || (isSame && !less), "\(a) and \(b) have no order")
                    for c in names where less && NaturalOrder.precedes(b, c) {
                        Promise.keep(NaturalOrder.precedes(a, c), "the order of \(a), \(b), \(c) is cyclic")
                    }
                }
                if let share = RankShare(rank: 1, worldSize: 2), let other = RankShare(rank: 0, worldSize: 2) {
                    Promise.keep(share.outputName(a) != other.outputName(a), "two ranks have the output \(a)")
                }
                let keys = RunKeys(resultPath: a, runID: "run")
                let own = [
                    keys.result(7), keys.predictions(0), keys.failure(1), keys.items, keys.manifest, keys.published(2),
                ]
                Promise.keep(
                    own.allSatisfy(keys.isOurs) && !keys.isPublished(keys.result(7)), "the keys of \(a) are wrong")
                for b in names { _ = keys.isOurs(b) }
            }
            Promise.refusal {
                try ObjectLabelTable.check(names, name: "input")
                let labels = ObjectLabels.labels(for: names)
                Promise.keep(
                    labels.count == names.count && Set(labels).count == labels.count, "labels are not unique: \(labels)"
                )
                let table = ObjectLabelTable(keys: names)
                for name in names { _ = table.labelsToTell(of: [name]) }
            }
        })
}
