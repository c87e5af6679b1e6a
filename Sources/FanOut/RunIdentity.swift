import FoundationEssentials
import Inference

/// What the rows of an output depend on, all of it: a run goes on from what another one left where they are the same.
public struct RunIdentity: Sendable, Equatable, Codable {
    /// A file of galaxies as it was opened.
    public struct File: Sendable, Equatable, Codable {
        /// What predictions call it.
        let source: String
        /// What its galaxies' ids begin with.
        let label: String
        let bytes: Int
        let galaxies: Int
        /// An object's ETag, or checksums of a file's ends.
        let version: String
    }

    /// The run's galaxies among those of all ranks.
    let start: Int
    let end: Int
    /// Row of the first one in the first file.
    let firstRow: Int
    /// Those that have any of them, in their order.
    let files: [File]
    let weights: RankSidecar.Weights
    /// Options that redshifts or rows depend on, by their names.
    let settings: [String: String]
    let maker: RankSidecar.Maker

    /// - Parameters:
    ///   - partitions: that have galaxies of the run.
    ///   - rows: of the run, counted from the first of them.
    ///   - start: the first one among those of all ranks.
    /// - Throws: `InferenceError.file` where a file cannot be read.
    public init(
        _ partitions: [PartitionReader], rows: Range<Int>, start: Int, of inputs: GalaxyInputs,
        weights: RankSidecar.Weights, settings: [String: String], maker: RankSidecar.Maker
    ) throws(InferenceError) {
        var files: [File] = []
        for partition in partitions {
            let version = try inputs.version(of: partition.path)
            files.append(
                File(
                    source: partition.source, label: partition.label, bytes: version.bytes, galaxies: partition.count,
                    version: version.text))
        }
        (self.start, end, firstRow) = (start, start + rows.count, rows.lowerBound)
        (self.files, self.weights, self.settings, self.maker) = (files, weights, settings, maker)
    }

    /// As a journal keeps it.
    /// - Parameter name: what errors call that.
    public init(json: String, name: String) throws(FanOutError) {
        guard let identity = try? JSONDecoder().decode(RunIdentity.self, from: Data(json.utf8)) else {
            throw FanOutError("\(name): does not say what it is of: remove it, and begin anew")
        }
        self = identity
    }

    /// One line.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Checks that rows of `earlier` are rows of this run, as far as files are of the same names and sizes.
    /// - Parameter name: the journal.
    /// - Throws: `FanOutError` naming the first thing that differs.
    public func check(_ earlier: RunIdentity, name: String) throws(FanOutError) {
        func same<Value: Equatable>(
            _ what: String, _ value: (RunIdentity) -> Value, _ text: (Value) -> String
        ) throws(FanOutError) {
            let (then, now) = (value(earlier), value(self))
            guard then != now else { return }
            throw FanOutError(
                "\(name): is of a run with other \(what): expected \(text(now)), found \(text(then)): remove it, or "
                    + "give another --output")
        }
        try same("weights", \.weights.identity) { $0 }
        try same("options", \.settings) { settings in
            settings.isEmpty
                ? "none" : settings.sorted { $0.key < $1.key }.map { "--\($0.key) \($0.value)" }.joined(separator: " ")
        }
        try same("kernels (CAI_ISA)", \.maker.instructionSet) { $0 }
        try same("--gemm", \.maker.gemm) { $0 }
        try same("version of cai", \.maker.version) { $0 }
        try same("inputs", { $0.files.map { [$0.source, $0.label, "\($0.galaxies)"] } }) { files in
            "\(files.count) \(files.count == 1 ? "file" : "files") (\(files.first?.first ?? "none") ...)"
        }
        try same("galaxies", { [$0.start, $0.end, $0.firstRow] }) { "\($0[0]) to \($0[1])" }
    }

    /// The files that are no longer what they were: their places in the order of the inputs. Where nothing of such a file
    /// was finished it may have been mended.
    /// - Parameter name: the journal.
    /// - Throws: `FanOutError` naming one that has finished rows.
    public func changedFiles(
        since earlier: RunIdentity, sections: [GalaxyRun.Section], finished: FinishedGalaxies, name: String
    ) throws(FanOutError) -> [Int] {
        var changed: [Int] = []
        for (index, (then, now)) in zip(earlier.files, files).enumerated() where then != now {
            let places = index < sections.count ? sections[index].places : 0..<0
            guard finished.gaps(in: places) == [places] else {
                throw FanOutError(
                    "\(name): \(now.source) is not the file that finished rows are of: expected \(then.bytes) bytes, "
                        + "\(then.version), found \(now.bytes), \(now.version)")
            }
            changed.append(index)
        }
        return changed
    }
}
