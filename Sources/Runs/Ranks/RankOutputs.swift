import Cloud
import FoundationEssentials
import Inference
import Platform
import TensorFiles

/// Outputs of ranks, found by their sidecars, and checked to be those of one run.
public struct RankOutputs: Sendable {
    /// A finished rank.
    public struct Part: Sendable {
        /// The output, as it can be opened.
        public let name: String
        public let sidecar: RankSidecar
    }

    /// In the order of ranks, each once.
    public let parts: [Part]
    public let worldSize: Int
    /// Outputs without a sidecar: their ranks have not finished.
    public let unfinished: [String]
    private let store: (any ObjectStore)?

    /// - Parameters:
    ///   - arguments: outputs or their sidecars, patterns of either, folders of them, or the same in a store.
    ///   - store: for names that begin with `s3://`; nil where no name does.
    /// - Throws: `Failure` where no output is found, two are of the same rank, or they are of different runs.
    public init(_ arguments: [String], store: (any ObjectStore)?) throws(Failure) {
        self.store = store
        var unfinished: [String] = []
        var parts: [Part] = []
        var seen: Set<String> = []
        for argument in arguments {
            for name in try Self.names(argument, store) where seen.insert(name).inserted {
                if let sidecar = try Self.sidecar(of: name, store) {
                    parts.append(Part(name: name, sidecar: sidecar))
                } else {
                    unfinished.append(name)
                }
            }
        }
        parts.sort { $0.sidecar.rank < $1.sidecar.rank }
        guard let first = parts.first else {
            throw Failure(
                (unfinished.first.map {
                    "\($0): no \(RankSidecar.ending) beside it: it is not an output of a rank that is done"
                } ?? "\(arguments.joined(separator: ", ")): no outputs of ranks (\(RankSidecar.ending)) there")
                    + arguments.map { UnfinishedRanks(at: $0).text }.joined())
        }
        for part in parts { try Self.compare(part, with: first) }
        for (part, next) in zip(parts, parts.dropFirst()) where part.sidecar.rank == next.sidecar.rank {
            throw Failure("rank \(part.sidecar.rank) has two parts: \(part.name) and \(next.name)")
        }
        self.parts = parts
        self.unfinished = unfinished
        worldSize = first.sidecar.worldSize
    }

    /// Ranks without a finished output.
    public var missing: [Int] {
        let there = Set(parts.map(\.sidecar.rank))
        return (0..<worldSize).filter { !there.contains($0) }
    }

    /// Ranks to be run: those that are missing, and those whose output is missing or does not have the size that its sidecar
    /// states. The contents of outputs are read only when they are merged.
    public func ranksToRun() throws(Failure) -> [Int] {
        var ranks = missing
        for part in parts where try !part.isThere(store) {
            ranks.append(part.sidecar.rank)
        }
        return ranks.sorted()
    }

    /// Galaxies of all ranks; where shares are whole files, of those that are there.
    public var total: Int {
        guard let first = parts.first?.sidecar, first.wholeFiles != nil else { return parts.first?.sidecar.total ?? 0 }
        return parts.reduce(0) { $0.cappedSum($1.sidecar.total) }
    }

    /// The files of all ranks, as a single command states them; nil where shares are galaxies: each rank then states them.
    private var opened: [RunIdentity.File]? {
        parts.first?.sidecar.wholeFiles.map { _ in parts.flatMap { $0.sidecar.wholeFiles?.opened ?? [] } }
    }

    /// The files of all ranks, and `InputsIdentity.written`; nil where there is no rank.
    var inputs: (identity: InputsIdentity, written: String?)? {
        if let opened { return (InputsIdentity(opened), InputsIdentity.written(opened)) }
        return parts.first.map { ($0.sidecar.inputs, $0.sidecar.written) }
    }

    /// An output as bytes; nil where it is empty.
    /// - Throws: `Failure` where it is missing, or does not have the size that its sidecar states.
    func open(_ part: Part) throws(Failure) -> (any ByteSource)? { try part.open(store) }

    /// Why their rows may not be those of one run: a line for each way in which ranks differ.
    public var mixtures: [String] {
        func mixture(_ what: String, _ value: (RankSidecar) -> String) -> String? {
            let ranks = Dictionary(grouping: parts, by: { value($0.sidecar) })
                .mapValues { Self.listed($0.map(\.sidecar.rank)) }
            guard ranks.count > 1 else { return nil }
            return "ranks differ in \(what): "
                + ranks.sorted { $0.key < $1.key }.map { "\($0.key.shortened()) (\($0.value))" }
                .joined(separator: ", ")
        }
        return [
            mixture("arithmetic", \.maker.bits), mixture("version", \.maker.version),
            // Of whole files each rank has seen others.
            mixture("when their inputs were written") { $0.wholeFiles == nil ? $0.written ?? "unknown" : "" },
        ].compactMap { $0 }
    }

    /// `3,7-9`: as Slurm's --array takes it.
    public static func listed(_ ranks: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for rank in ranks {
            if let last = runs.last, last.upperBound + 1 == rank {
                runs[runs.count - 1] = last.lowerBound...rank
            } else {
                runs.append(rank...rank)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    private static func compare(_ part: Part, with first: Part) throws(Failure) {
        func differ(_ what: String, _ value: (RankSidecar) -> String) throws(Failure) {
            let (expected, found) = (value(first.sidecar), value(part.sidecar))
            guard expected != found else { return }
            throw Failure(
                "\(part.name): expected \(what) of \(first.name), \(expected.shortened(to: 400)), found "
                    + found.shortened(to: 400))
        }
        try differ("the number of ranks") { "\($0.worldSize)" }
        try differ("the shares (--share)") { $0.unit.rawValue }
        try differ("the listing of inputs") { $0.wholeFiles?.listing.text ?? "none" }
        let sharesFiles = first.sidecar.wholeFiles != nil
        try differ("the inputs") { sharesFiles ? "" : $0.inputs.text }
        try differ("the number of galaxies") { sharesFiles ? "" : "\($0.total)" }
        try differ("the weights") { $0.weights.identity }
        let (options, others) = first.sidecar.settings.differences(from: part.sidecar.settings)
        try differ("the options") { ($0.rank == first.sidecar.rank ? options : others).optionsText }
        guard sharesFiles || part.sidecar.inputs == first.sidecar.inputs,
            part.sidecar.wholeFiles?.listing == first.sidecar.wholeFiles?.listing
        else {
            throw Failure("\(part.name): expected the inputs of \(first.name), found others")
        }
    }

    // MARK: Names

    /// Outputs that an argument stands for, whether they exist or not.
    private static func names(_ argument: String, _ store: (any ObjectStore)?) throws(Failure) -> [String] {
        if let store, S3Location.isLocation(argument) { return try remoteNames(argument, store) }
        var isFolder = false
        if FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) {
            guard isFolder else { return [output(argument)] }
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: argument) else {
                throw Failure("\(argument): the folder cannot be read")
            }
            let prefix = prefix(ofFolder: argument)
            return names.filter { $0.hasSuffix(RankSidecar.ending) }.sorted(by: NaturalOrder.precedes)
                .map { prefix + output($0) }
        }
        guard PathPattern.hasWildcards(argument) else {
            throw Failure("\(argument): no such file or folder" + UnfinishedRanks(at: argument).text)
        }
        let matches = PathPattern.matches(argument)
        guard !matches.isEmpty else {
            throw Failure("\(argument): the pattern matches no file" + UnfinishedRanks(at: argument).text)
        }
        // Unfinished parts of ranks have other names, and a record of a run is not an output.
        return matches.filter { !$0.hasSuffix(RunRecord.ending) }.map(output)
            .filter { !$0.contains(PredictionJournal.ending + "-") && !$0.hasSuffix(PredictionJournal.ending) }
    }

    /// The prefix of names in a folder.
    static func prefix(ofFolder name: String) -> String { name == "." ? "" : name.hasSuffix("/") ? name : name + "/" }

    private static func remoteNames(_ argument: String, _ store: any ObjectStore) throws(Failure) -> [String] {
        let place = try S3Location(argument)
        guard place.key.isEmpty || place.key.hasSuffix("/") else { return [output(argument)] }
        let objects = try store.list(bucket: place.bucket, prefix: place.key)
        return objects.map(\.key)
            .filter { $0.hasSuffix(RankSidecar.ending) && !$0.dropFirst(place.key.count).contains("/") }
            .sorted(by: NaturalOrder.precedes)
            .map { output(S3Location(bucket: place.bucket, key: $0).description) }
    }

    private static func output(_ name: String) -> String {
        name.hasSuffix(RankSidecar.ending) ? String(name.dropLast(RankSidecar.ending.count)) : name
    }

    /// The sidecar of an output; nil where it has none.
    static func sidecar(of name: String, _ store: (any ObjectStore)?) throws(Failure) -> RankSidecar? {
        let path = name + RankSidecar.ending
        let most = RankSidecar.mostBytes
        let bytes: [UInt8]
        if let store, S3Location.isLocation(name) {
            let place = try S3Location(path)
            guard let info = try store.head(bucket: place.bucket, key: place.key) else { return nil }
            bytes = try store.get(
                bucket: place.bucket, key: place.key, range: 0..<min(most, info.size), etag: info.etag)
        } else {
            guard let file = try OpenFile(path: path) else { return nil }
            bytes = try file.read(0..<min(most, file.size))
        }
        let sidecar = try RankSidecar(bytes, name: path)
        guard InputList.lastComponent(name) == sidecar.output.name else {
            throw Failure("\(path): expected to lie beside \(sidecar.output.name.shortened()), found it beside \(name)")
        }
        return sidecar
    }
}
