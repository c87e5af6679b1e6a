import Platform

/// What a user states in place of a plan's own assumptions: the file of `cai cost --assumptions`. All keys are optional.
/// The object `assumptions` of `cai cost --json` is such a file.
public struct StatedAssumptions: Sendable, Equatable {
    /// Galaxies/s of one core of an own machine.
    public let coreRate: Double?
    /// The source of that rate: the file, unless it states another.
    public let coreSource: String
    /// Galaxies/s of the processor that 1,769 MB bring.
    public let processorRate: Double?
    public let processorSource: String
    /// Bytes/s that a worker reads from S3.
    public let network: Double?
    /// Seconds of an invocation besides computing.
    public let overhead: Double?
    /// Seconds until the first worker starts.
    public let start: Double?
    /// The fraction of a worker's 900 s and of its memory that a plan leaves free.
    public let reserve: Double?
    /// Workers at once that the account allows.
    public let maxConcurrency: Int?
    /// MB of 2^20 bytes that the account allows for a function.
    public let memoryLimit: Int?
    /// Nominal MB of a partition, to choose from.
    public let partitionSizes: [Int]?
    /// Dollars an hour of a machine with enough cores.
    public let instancePrice: Double?

    /// - Throws: `Failure` naming the key that is unknown or whose value is invalid.
    public init(file path: String) throws(Failure) { try self.init(json: FileBytes.read(path), name: path) }

    /// - Parameter name: the file's name in errors, and in a plan as the source of its rates.
    /// - Throws: `Failure` naming the key that is unknown or whose value is invalid.
    public init(json bytes: [UInt8], name: String) throws(Failure) {
        guard case .object(let fields) = try JSONValue.parse(bytes, name: name) else {
            throw Failure("\(name): expected a JSON object")
        }
        let known = Key.allCases.map(\.rawValue)
        if let key = fields.keys.sorted().first(where: { Key(rawValue: $0) == nil }) {
            throw Failure("\(name): \(key.quoted): expected one of \(known.joined(separator: ", "))")
        }
        func number(_ key: Key, _ range: ClosedRange<Double>, _ expected: String) throws(Failure) -> Double? {
            guard let value = fields[key.rawValue], value != .null else { return nil }
            guard let number = Self.number(value), range.contains(number) else {
                throw Failure("\(name): \(key.rawValue): expected \(expected), found \(value.shown)")
            }
            return number
        }
        func text(_ key: Key) throws(Failure) -> String? {
            guard let value = fields[key.rawValue], value != .null else { return nil }
            guard let text = value.string else {
                throw Failure("\(name): \(key.rawValue): expected text, found \(value.shown)")
            }
            return text
        }
        func whole(_ key: Key, _ range: ClosedRange<Int>) throws(Failure) -> Int? {
            guard let value = fields[key.rawValue], value != .null else { return nil }
            guard case .integer(let number) = value, range.contains(number) else {
                throw Failure(
                    "\(name): \(key.rawValue): expected a whole number from \(range.lowerBound) to \(range.upperBound), "
                        + "found \(value.shown)")
            }
            return number
        }
        let (positive, expected) = (1e-6...1e12, "a number above 0, at most 10^12")
        coreRate = try number(.coreRate, positive, expected)
        processorRate = try number(.processorRate, positive, expected)
        network = try number(.network, positive, expected)
        coreSource = try text(.coreSource)?.printable ?? name
        processorSource = try text(.processorSource)?.printable ?? name
        for (source, rate) in [(Key.coreSource, coreRate), (.processorSource, processorRate)]
        where fields[source.rawValue] != nil && rate == nil {
            throw Failure("\(name): \(source.rawValue): expected its rate with it")
        }
        reserve = try number(.reserve, 0...0.9, "a fraction from 0 to 0.9")
        overhead = try number(.overhead, 0...600, "seconds from 0 to 600")
        start = try number(.start, 0...600, "seconds from 0 to 600")
        instancePrice = try number(.instancePrice, positive, expected)
        maxConcurrency = try whole(.maxConcurrency, 1...LambdaLimits.mostConcurrency)
        memoryLimit = try whole(.memoryLimit, LambdaLimits.memoryRange)
        partitionSizes = try Self.sizes(fields[Key.partitionSizes.rawValue], name: name)
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    private static func sizes(_ value: JSONValue?, name: String) throws(Failure) -> [Int]? {
        guard let value, value != .null else { return nil }
        let expected = "\(name): \(Key.partitionSizes.rawValue): expected a list of MB from 1 to 100000"
        guard case .array(let values) = value, !values.isEmpty else {
            throw Failure("\(expected), found \(value.shown)")
        }
        var sizes: [Int] = []
        for value in values {
            guard case .integer(let size) = value, (1...100_000).contains(size) else {
                throw Failure("\(expected), found \(value.shown)")
            }
            sizes.append(size)
        }
        return sizes
    }

    /// The keys of the file.
    package enum Key: String, CaseIterable {
        case coreRate = "core_rate"
        case coreSource = "core_source"
        case processorRate = "processor_rate"
        case processorSource = "processor_source"
        case network = "network_bytes_per_s"
        case overhead = "overhead_s"
        case start = "start_s"
        case reserve
        case maxConcurrency = "max_concurrency"
        case memoryLimit = "memory_limit_mb"
        case partitionSizes = "partition_sizes_mb"
        case instancePrice = "instance_usd_per_hour"
    }

    /// Sets a planner's assumptions and limits.
    public func apply(to planner: inout Planner) {
        if let coreRate { planner.assumptions.setCoreRate(coreRate, source: coreSource) }
        if let processorRate { planner.assumptions.setProcessorRate(processorRate, source: processorSource) }
        if let network { planner.assumptions.network = network }
        if let overhead { planner.assumptions.overhead = overhead }
        if let start { planner.assumptions.start = start }
        if let reserve { planner.assumptions.reserve = reserve }
        if let maxConcurrency { planner.concurrencyLimit = maxConcurrency }
        if let memoryLimit { planner.memoryLimit = memoryLimit }
        if let partitionSizes { planner.partitionSizes = partitionSizes }
        let given: [(Bool, PlanAssumptions.Quantity)] = [
            (coreRate != nil, .coreRate), (processorRate != nil, .processorRate), (network != nil, .network),
            (overhead != nil, .overhead), (start != nil, .start),
            (maxConcurrency != nil || memoryLimit != nil, .account),
        ]
        planner.assumptions.given.formUnion(given.filter(\.0).map(\.1))
    }
}
