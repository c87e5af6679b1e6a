/// A parser that is called with inputs of libFuzzer.
struct FuzzTarget: Sendable {
    /// The name on the command line, of the folder `Fuzzing/corpus/NAME` and of `Fuzzing/dictionaries/NAME.dict`.
    let name: String
    /// The maximum length of inputs in bytes.
    let maximumLength: Int
    /// Initial inputs in addition to the corpus.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Traps if the parser breaks a promise.
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
        checkpoint, csv, predictionLines, results, pages, galaxyTable, options, events, manifest, sidecar,
        runRecord, index, summarize, rankMerge,
        journal, launch, experiment, xml, listing, answers, objects, settings, addresses, environment, names,
    ]
}
