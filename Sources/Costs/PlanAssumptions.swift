/// What a plan rests on: some of it measured, and the rest assumed, since nothing here has run on AWS.
public struct PlanAssumptions: Sendable, Equatable {
    /// Galaxies/s of one core of a machine of one's own.
    public var coreRate = 460.0
    /// Where that is from.
    public var coreSource = "AMD EPYC, Zen 4: 457 to 467 with one, 904 to 933 with two"
    /// Galaxies/s of the processor that 1,769 MB bring.
    public var processorRate = 230.0
    /// Where that is from.
    public var processorSource = "half a core's: it is one of a core's two threads"
    /// Whether a run on Lambda has shown it.
    public private(set) var isProcessorMeasured = false
    /// Bytes/s that a worker reads from S3. Others have measured about 600 Mbit/s; AWS promises nothing.
    public var network = 70e6
    /// Seconds of an invocation that are none of computing: the environment's start, weights, the first bytes, results.
    public var overhead = 1.0
    /// Seconds until a run's first worker begins, beside Initialize: the execution, the Map, the image's first fetch.
    /// The reference's quickest runs (41 workers, 20.4 s) have 13 s beside computing and summarizing, which its model's
    /// download is in.
    public var start = 10.0
    /// Of a worker's 900 s and of its memory: the part that a plan leaves free.
    public var reserve = 0.2
    /// MB of 2^20 bytes of Initialize and Summarize: the template's default.
    public var coordinatorMemory = LambdaLimits.memoryOfOneProcessor

    public init() {}

    /// A core's rate that was measured elsewhere, and with it a Lambda processor's.
    public mutating func setCoreRate(_ rate: Double, source: String) {
        (coreRate, coreSource) = (rate, source)
        processorRate = rate / 2
    }

    /// A Lambda processor's rate that somebody says.
    public mutating func setProcessorRate(_ rate: Double, source: String) {
        (processorRate, processorSource, isProcessorMeasured) = (rate, source, false)
    }

    /// A rate that runs have shown; what nobody measured stays as it is.
    public mutating func set(_ rate: MeasuredRate?) {
        switch rate {
        case .core(let rate, let source)?: setCoreRate(rate, source: source)
        case .processor(let rate, let source)?:
            (processorRate, processorSource, isProcessorMeasured) = (rate, source, true)
        case nil: break
        }
    }

    /// Bytes of a galaxy in a partition: 20,520 of image and magnitudes, and 8 of redshift.
    public static let bytesOfGalaxy = 20_520 + 8

    /// Galaxies of a partition that is called so many MB: 1278, 2556, 3834 and 5113 of 25, 50, 75 and 100.
    public static func galaxies(ofMegabytes megabytes: Int) -> Int { megabytes * 5113 / 100 }
}
