import FoundationEssentials
import Inference
import TensorFiles

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
        /// When it was written; nil of objects.
        let stamp: String?

        /// Whether it has the same bytes, as far as sizes and checksums tell.
        func isSame(as other: File) -> Bool {
            (source, label, bytes) == (other.source, other.label, other.bytes)
                && (galaxies, version) == (other.galaxies, other.version)
        }
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
                    version: version.text, stamp: inputs.stamp(of: partition.path)))
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
                "\(name): is of a run with other \(what): expected \(text(now).shortened(to: 400)), found "
                    + "\(text(then).shortened(to: 400)): remove it, or give another --output")
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

    /// The files that may be others, though nothing but their time tells: rows of which no checksum was compared are not to
    /// be taken from them. Their places in the order of the inputs.
    public func doubtfulFiles(since earlier: RunIdentity) -> [Int] {
        zip(earlier.files, files).enumerated().filter { $0.element.0.stamp != $0.element.1.stamp }.map(\.offset)
    }

    /// Checks that finished rows are of the files as they are now. A file of which nothing is finished may have been mended.
    /// - Parameter name: the journal.
    /// - Throws: `FanOutError` naming a file that is another one and has finished rows.
    public func checkFiles(
        since earlier: RunIdentity, sections: [GalaxyRun.Section], finished: FinishedGalaxies, name: String
    ) throws(FanOutError) {
        for ((then, now), section) in zip(zip(earlier.files, files), sections) where !then.isSame(as: now) {
            guard finished.gaps(in: section.places) == [section.places] else {
                throw FanOutError(
                    "\(name): \(now.source) is not the file that finished rows are of: expected \(then.bytes) bytes, "
                        + "\(then.version.shortened()), found \(now.bytes), \(now.version)")
            }
        }
    }
}
