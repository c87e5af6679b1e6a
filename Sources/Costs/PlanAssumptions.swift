/// The assumptions of a plan: some are measured, the others assumed, since this program has not run on AWS.
public struct PlanAssumptions: Sendable, Equatable {
    /// What a user may give in place of a measured or an assumed value; `account` is its limits.
    public enum Quantity: Sendable { case coreRate, processorRate, network, overhead, start, account }

    /// The quantities that the user gave.
    public var given: Set<Quantity> = []
    /// Galaxies/s of one core of an own machine.
    public var coreRate = 460.0
    /// The source of that rate.
    public var coreSource = "AMD EPYC, Zen 4: 457 to 467 with one, 904 to 933 with two"
    /// Galaxies/s of the processor that 1,769 MB bring.
    public var processorRate = 230.0
    /// The source of that rate.
    public var processorSource = "half a core's: it is one of a core's two threads"
    /// Whether it was measured on Lambda.
    public private(set) var isProcessorMeasured = false
    /// Bytes/s that a worker reads from S3. Published measurements are about 600 Mbit/s; AWS guarantees nothing.
    public var network = 70e6
    /// Seconds of an invocation besides computing: the environment's start, weights, the first bytes, results.
    public var overhead = 1.0
    /// Seconds until the first worker starts, besides Initialize: the execution, the Map, the first fetch of the image.
    /// The fastest published runs (41 workers, 20.4 s) have 13 s besides computing and summarizing, which include the
    /// download of the model.
    public var start = 10.0
    /// The fraction of a worker's 900 s and of its memory that a plan leaves free.
    public var reserve = 0.2
    /// MB of 2^20 bytes of Initialize and Summarize: the template's default.
    public var coordinatorMemory = LambdaLimits.memoryOfOneProcessor

    public init() {}

    /// Sets a core's rate, and with it a Lambda processor's, unless that was measured.
    public mutating func setCoreRate(_ rate: Double, source: String) {
        (coreRate, coreSource) = (rate, source)
        if !isProcessorMeasured { processorRate = rate / 2 }
    }

    /// Sets a Lambda processor's rate as given.
    public mutating func setProcessorRate(_ rate: Double, source: String) {
        (processorRate, processorSource, isProcessorMeasured) = (rate, source, false)
    }

    /// Sets a measured rate; a rate that was not measured stays.
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

    /// Galaxies of a partition by its nominal MB: 1278, 2556, 3834 and 5113 for 25, 50, 75 and 100.
    public static func galaxies(ofMegabytes megabytes: Int) -> Int { megabytes * 5113 / 100 }
}
