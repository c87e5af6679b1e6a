import AstroMAE
import Cloud
import Inference
import Platform
import Runs

/// A run of `cai infer`: its speed, its quality and its profile.
struct RunSummary {
    private let outcome: PredictionJob.Outcome
    private let job: PredictionJob
    private let output: String
    private let requests: StoreStatistics?
    private let profile: ProfileReport?
    private let plausible: PlausibleRedshifts?
    /// Implausible results: their number, and the farthest.
    private let implausible: PlausibleRedshifts.Outside?

    /// - Parameters:
    ///   - requests: to the store; nil where none is used.
    ///   - plausible: the range of plausible redshifts; nil where results are not compared with one.
    init(
        _ outcome: PredictionJob.Outcome, of job: PredictionJob, output: String, requests: StoreStatistics? = nil,
        plausible: PlausibleRedshifts? = .usual
    ) {
        (self.outcome, self.job, self.output, self.plausible) = (outcome, job, output, plausible)
        self.requests = requests
        implausible = plausible?.outside(outcome.predictions.redshifts)
        let run = outcome.predictions.run
        profile = outcome.profile.map { profile in
            ProfileReport(
                profile, seconds: run.seconds, threads: run.threads,
                peak: FMAPeak.measure(outcome.instructionSet, threads: run.threads))
        }
    }

    private var run: GalaxyRun { outcome.predictions.run }
    /// Galaxies that an earlier run had finished.
    private var resumed: Int { run.count - run.computed }

    /// The object that `--json` prints.
    var json: JSONObject {
        let rank = outcome.part.map { part -> JSONObject in
            let rank: JSONObject = ["rank": part.share.rank, "world_size": part.share.worldSize]
            guard let files = part.wholeFiles else {
                return rank + [
                    "start": part.galaxies.lowerBound, "end": part.galaxies.upperBound, "total": part.total,
                ]
            }
            // The galaxies of other ranks are not known.
            return rank + [
                "first_file": files.range.lowerBound, "end_file": files.range.upperBound,
                "total_files": files.listing.files,
            ]
        }
        return run.summary(outcome.instructionSet, outcome.gemm, outcome.precision, weights: job.weights) + [
            "flagged": outcome.predictions.flagCounts.flagged, "resumed": resumed, "batch_size": job.settings.batchSize,
            "skipped": outcome.unknownRedshifts.count, "implausible": plausible.map { _ in implausible?.count ?? 0 },
            "blank_band": outcome.predictions.flagCounts.withBlankBand,
            "output": output, "choices": outcome.choices, "quality": orNull(outcome.quality?.reference), "rank": rank,
            "profile": profile?.json, "s3_requests": requests?.requests, "s3_bytes_read": requests?.bytesRead,
            "s3_bytes_written": requests?.bytesWritten,
        ]
    }

    var speedLine: String { run.speedLine(outcome.instructionSet, outcome.gemm, outcome.precision) }

    /// The speed, and the quality where it is known; warnings where galaxies have no redshift or an implausible one.
    func report(isQuiet: Bool) {
        outcome.predictions.flagCounts.report(of: run.count, without: "redshift")
        plausible?.warn(
            of: implausible, galaxies: run.count, medianError: outcome.medianError,
            hint: "; --z-range changes the range")
        guard !isQuiet else { return }
        let before = Numbers.counted(resumed, "galaxy", "galaxies") + " were done before"
        if outcome.wasComplete {
            Console.write("\(before), and \(output) is complete: nothing to do\n")
        } else {
            if resumed > 0 { Console.write(before + "; the others:\n") }
            Console.write(
                speedLine + " (before it: weights \(Decimals.fixed(outcome.loadSeconds, 2)) s, opening inputs "
                    + "\(Decimals.fixed(outcome.checkSeconds, 2)) s)\n")
        }
        if let requests {
            Console.write(
                "S3: \(Numbers.counted(requests.requests, "request", "requests")), "
                    + "\(Numbers.grouped(requests.bytesRead)) bytes read\n")
        }
        if outcome.unknownRedshifts.count > 0 { Console.write("\(outcome.unknownRedshifts.summary)\n") }
        if let quality = outcome.quality { Console.write(quality.reference.line + "\n") }
        if let profile { Console.write(profile.text) }
    }
}

extension PlausibleRedshifts {
    /// Warns of implausible redshifts, and of a large error of those that are known.
    /// - Parameters:
    ///   - galaxies: all of the run.
    ///   - hint: an option that helps.
    func warn(of outside: Outside?, galaxies: Int, medianError: Double?, hint: String = "") {
        let advice = "check units and order of the bands (--bands, --magnitudes) and missing values (--missing)"
        if let outside {
            Console.warn(
                "\(Numbers.grouped(outside.count)) of \(Numbers.counted(galaxies, "galaxy", "galaxies")) have a z_phot "
                    + "outside \(range.lowerBound) to \(range.upperBound), the farthest \(outside.farthest): "
                    + advice + hint)
        }
        if let medianError, medianError > Self.largeError {
            Console.warn(
                "the median |dz| of the known redshifts is \(Decimals.significant(medianError)): \(advice), and whether "
                    + "the weights are for this survey")
        }
    }
}

extension RunReport {
    /// Warns of what may be wrong with the redshifts of a fan-out.
    /// - Parameter shown: warnings of ranks that the user has seen.
    func warn(except shown: Set<String> = []) {
        warnings.filter { !shown.contains($0) }.forEach(Console.warn)
        flags.report(of: galaxies, without: "redshift")
        PlausibleRedshifts.usual.warn(of: implausible, galaxies: galaxies, medianError: medianError)
        if let repeatedIDs { Console.warn(repeatedIDs.text) }
        if let table, table == keys.partialPredictions {
            Console.warn("\(bucket)/\(table): has no galaxies of the ranks that failed")
        }
    }
}

extension ReferenceQuality {
    /// `MAE 0.012520, MSE 0.00029700, ...`
    var line: String { lines.map { "\($0.name) \($0.valueText)" }.joined(separator: ", ") }
}

extension GalaxyRun {
    /// The members that the summaries of all commands have: the run, its kernels and its weights.
    func summary(
        _ instructionSet: InstructionSet, _ gemm: GemmBackend, _ precision: Precision, weights: String
    ) -> JSONObject {
        [
            "galaxies": count, "seconds": seconds, "galaxies_per_second": galaxiesPerSecond, "threads": threads,
            "instruction_set": instructionSet.rawValue, "gemm": gemm.rawValue,
            "precision": precision.rawValue, "weights": weights,
        ]
    }

    /// `1,024 galaxies in 5.12 s, 200.0 galaxies/s, 2 threads, avx2, packed`, in bfloat16 `avx2, packed, bf16`
    /// - Parameter passes: over each galaxy; nil for a network that reads it once.
    func speedLine(
        _ instructionSet: InstructionSet, _ gemm: GemmBackend, _ precision: Precision, passes: Int? = nil
    ) -> String {
        let each = passes.map { $0 == 1 ? "each once, " : "each \($0) times, " } ?? ""
        return Numbers.speedLine(
            galaxies: computed, seconds: seconds, rate: galaxiesPerSecond, threads: threads,
            kernels: "\(each)\(instructionSet.rawValue), \(gemm.rawValue)"
                + (precision == .float32 ? "" : ", \(precision.rawValue)"))
    }
}

extension AutoencoderJob.Opened {
    /// The `run` of the object that `--json` prints.
    func summary(_ run: GalaxyRun, passes: Int) -> JSONObject {
        run.summary(model.instructionSet, model.gemm, model.precision, weights: weights)
            + ["passes": passes, "masked": masking.masked, "patches": masking.patches]
    }

    func speedLine(_ run: GalaxyRun, passes: Int) -> String {
        run.speedLine(model.instructionSet, model.gemm, model.precision, passes: passes)
    }
}

extension FlagCounts {
    /// Warnings where galaxies have a blank band, and where they have flags:
    /// `2 of 37 galaxies have flags and no redshift: 2 with pixels missing or not finite`.
    /// - Parameters:
    ///   - total: all galaxies.
    ///   - result: the result that galaxies with flags lack.
    ///   - remark: further words about these galaxies.
    func report(of total: Int, without result: String, _ remark: String = "") {
        let all = Numbers.counted(total, "galaxy", "galaxies")
        if withBlankBand > 0 {
            Console.report(
                "warning: \(Numbers.grouped(withBlankBand)) of \(all) have a blank band, all pixels zero: \(blankText)")
        }
        guard flagged > 0 else { return }
        Console.report(
            "warning: \(Numbers.grouped(flagged)) of \(all) have flags and no \(result)\(remark)"
                + (text(of: result).isEmpty ? "" : ": " + text(of: result)))
    }
}
