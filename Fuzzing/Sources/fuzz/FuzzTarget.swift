/// A parser that is handed bytes of libFuzzer's.
struct FuzzTarget: Sendable {
    /// As the command line has it; `Fuzzing/corpus/NAME` and `Fuzzing/dictionaries/NAME.dict` belong to it.
    let name: String
    /// The longest input that is tried, in bytes.
    let maximumLength: Int
    /// What there is to begin with, beside the corpus.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Traps where the parser does not keep its promises.
    let run: @Sendable ([UInt8]) -> Void

    init(
        _ name: String, maximumLength: Int, seeds: @escaping @Sendable () throws -> [[UInt8]] = { [] },
        run: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.name = name
        self.maximumLength = maximumLength
        self.seeds = seeds
        self.run = run
    }

    static let all: [FuzzTarget] = [
        fits, fitsHeaders, hdf5, zip, pickle, torchLegacy, safetensors, npy, npz, deflate, gzip, tables,
        checkpoint, csv, predictionLines, results, pages, galaxyTable, events, manifest, sidecar, summarize, rankMerge,
        journal, launch, experiment, xml, listing, answers, objects, settings, addresses, environment, names,
    ]
}
