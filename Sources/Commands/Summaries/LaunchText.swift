import Cloud
import Costs
import Platform
import Runs

extension LaunchPlan {
    /// The plan for people: what would run, a line for ranks that are alike, then time and cost.
    var text: String {
        func seconds(_ value: Double) -> String { Decimals.fixed(value, 1) + " s" }
        let (bill, usage, worker, assumptions) = (bill, plan.usage, plan.worker, plan.assumptions)
        let lines =
            [
                ("data", "\(Numbers.counted(files, "partition")), \(Numbers.bytes(plan.bytes)) in \(place)"),
                (
                    "galaxies",
                    "about \(Numbers.grouped(plan.galaxies)), by "
                        + "\(Numbers.grouped(PlanAssumptions.bytesOfGalaxy)) bytes each"
                ),
                (
                    "ranks",
                    Numbers.grouped(ranks.count) + ", \(Numbers.grouped(plan.workersAtOnce)) at once, of at most "
                        + "\(Numbers.grouped(plan.concurrency)): \(concurrencyReason)"
                ),
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
                    "\(worker.memory) MB, \(worker.architecture.rawValue), "
                        + "\(Decimals.fixed(worker.galaxiesPerSecond, 0)) galaxies/s a worker, "
                        + "\(seconds(assumptions.overhead)) of overhead"
                ),
                (
                    "time",
                    "Map \(seconds(plan.mapSeconds)), workers together \(seconds(plan.workerSeconds)), Initialize and "
                        + "Summarize \(seconds(plan.otherSeconds)); with \(seconds(assumptions.start)) to start it, "
                        + "\(seconds(plan.totalSeconds)) end to end"
                ),
                (
                    "cost",
                    "\(Dollars.text(bill.total)): \(Dollars.text(bill.functions + bill.requests)) for "
                        + "\(Decimals.fixed(usage.gigabyteSeconds, 0)) GB-s and "
                        + "\(Numbers.counted(usage.requests, "request")), \(Dollars.text(bill.stateMachine)) for "
                        + "\(Numbers.counted(usage.stateTransitions, "state transition")), "
                        + "\(Dollars.text(bill.objects)) for S3"
                ),
                (
                    "limits",
                    "an invocation ends after \(Int(LambdaLimits.mostSeconds)) s; the slowest would take "
                        + seconds(plan.slowest)
                ),
            ]
        return lines.map { name, text in
            name + String(repeating: " ", count: 10 - name.count) + text.printable + "\n"
        }.joined()
    }

    /// The same in one line.
    var line: String {
        "\(Numbers.counted(files, "partition")), \(Numbers.bytes(plan.bytes)) in \(place): about "
            + "\(Numbers.counted(plan.galaxies, "galaxy", "galaxies")) by \(Numbers.counted(ranks.count, "rank")), "
            + "\(Numbers.grouped(plan.workersAtOnce)) at once (at most \(Numbers.grouped(plan.concurrency)): "
            + "\(concurrencyReason)); with \(plan.worker.memory) MB each about \(Decimals.fixed(plan.totalSeconds, 0)) s and "
            + "\(Dollars.text(bill.total)), the slowest rank \(Decimals.fixed(plan.slowest, 0)) of "
            + "\(Int(LambdaLimits.mostSeconds)) s"
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

/// The summary that Summarize wrote of a run.
struct LaunchSummary {
    /// As it was written, with keys that `RunReport` does not have, and the bill.
    private(set) var json: JSONValue
    let report: RunReport
    /// Where the results are, and whether others have taken their place since.
    private let place: String
    /// Whether the results there are those of the summary.
    private let isPresent: Bool
    private var billLine: String?

    /// The summary of an execution: the file under `result_path`, or the execution's output, which is the same with at most
    /// 100 failed ranks, where the file is missing or of a later run.
    /// - Throws: where neither is a summary.
    init(of execution: Execution, _ input: InitializeInput, from store: any ObjectStore) throws(Failure) {
        let key = RunKeys(resultPath: input.resultPath).summary
        let name = store.name(bucket: input.bucket, key: key)
        let output = execution.output.flatMap { try? Self.read(Array($0.utf8), name: "the output") }
        do throws(Failure) {
            let file = try Self.read(try store.get(bucket: input.bucket, key: key), name: name)
            guard let output, !file.report.isSame(as: output.report) else {
                (json, report, place) = (file.json, file.report, "\(name) and beside it")
                isPresent = true
                return
            }
            (json, report) = output
            isPresent = false
            place = "\(name) is now of another execution (run \(file.report.runID.shortened()))"
        } catch {
            guard let output else { throw error }
            (json, report) = output
            isPresent = false
            place = "\(name) cannot be read: \(error.message)"
        }
    }

    private static func read(_ bytes: [UInt8], name: String) throws(Failure) -> (json: JSONValue, report: RunReport) {
        var json = try JSONValue.parse(bytes, name: name)
        let report = try JSONFile.decode(RunReport.self, bytes, name: name)
        if case .object(var fields) = json {
            // Of the answer of Summarize alone.
            fields["statusCode"] = nil
            json = .object(fields)
        }
        return (json, report)
    }

    /// Adds the cost, of a run on Lambda: by Lambda's log, or else by the workers' clocks.
    mutating func add(bill: () throws(Failure) -> LambdaBill) {
        guard let estimate = report.billedGigabyteSeconds, let estimatedCost = report.cost,
            case .object(var fields) = json
        else { return }
        do throws(Failure) {
            guard isPresent else { throw Failure(place) }
            let bill = try bill()
            fields["cost_source"] = .string("lambda")
            fields["billed_gb_s"] = .number(bill.gigabyteSeconds)
            fields["cost_usd"] = .number(bill.cost)
            fields["billed_requests"] = .integer(bill.requests)
            fields["billed_start_s"] = .number(bill.startSeconds)
            billLine =
                "billed by Lambda: \(Decimals.fixed(bill.gigabyteSeconds, 1)) GB-s of "
                + "\(Numbers.counted(bill.requests, "request")), with \(Decimals.fixed(bill.startSeconds, 1)) s of starts, "
                + "$\(Decimals.fixed(bill.cost, 4))\n"
        } catch {
            fields["cost_source"] = .string("estimate")
            billLine =
                "estimated: \(Decimals.fixed(estimate, 1)) GB-s, $\(Decimals.fixed(estimatedCost, 4)), by the workers' "
                + "clocks (Lambda's figures: \(error.description))\n"
        }
        json = .object(fields)
    }

    /// A few lines for people.
    var text: String {
        var text = report.headline
        if let seconds = report.mapSeconds { text += "; the Map \(Decimals.fixed(seconds, 2)) s" }
        text += "; workers together \(Decimals.fixed(report.workerSeconds, 2)) s\n"
        return text + (billLine ?? "") + "results: \(place)\n"
    }
}

extension RunReport {
    /// Whether both are of the same run and the same time that it was summarized.
    fileprivate func isSame(as other: RunReport) -> Bool {
        runID == other.runID && abs(wallSeconds - other.wallSeconds) < 1e-6
    }

    /// `5,113 galaxies by 4 ranks (1 failed) in 5.12 s, 998.6 galaxies/s`
    var headline: String {
        Numbers.counted(galaxies, "galaxy", "galaxies") + " by " + Numbers.counted(ranks, "rank")
            + (failedCount == 0 ? "" : " (\(Numbers.grouped(failedCount)) failed)")
            + " in \(Decimals.fixed(wallSeconds, 2)) s"
            + (galaxiesPerSecond.map { ", \(Decimals.fixed($0, 1)) galaxies/s" } ?? "")
    }
}
