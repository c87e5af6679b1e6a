/// The prices of AWS for a fan-out in one region, in US dollars. The prices themselves, their date and their
/// sources are in `prices.json`, which is compiled in; no other part of the program has a price.
public struct PriceList: Sendable, Equatable {
    /// Dollars for each unit of a month's use, up to a bound.
    public struct Tier: Sendable, Equatable, Decodable {
        /// Units of a month; nil for the last tier, which has no end.
        public let upTo: Double?
        public let price: Double
    }

    public let region: String
    /// The date of the prices, such as `2025-01`.
    public let asOf: String
    public let sources: [String]
    /// A GB-second (2^30 bytes) of memory, first tier first.
    public let gigabyteSecond: [LambdaArchitecture: [Tier]]
    /// An invocation.
    public let request: Double
    /// A GB-second (2^30 bytes) of `/tmp` beyond the 512 MB that are free.
    public let storageGigabyteSecond: Double
    /// A state that a standard execution of Step Functions enters.
    public let stateTransition: Double
    /// An S3 request (Standard storage class).
    public let get: Double
    public let put: Double
    public let list: Double

    /// Dollars for GB-seconds of memory, by the tiers of a month without other use.
    public func memory(_ gigabyteSeconds: Double, on architecture: LambdaArchitecture) -> Double {
        var (dollars, begin) = (0.0, 0.0)
        for tier in gigabyteSecond[architecture] ?? [] where gigabyteSeconds > begin {
            let end = min(gigabyteSeconds, tier.upTo ?? .infinity)
            dollars += (end - begin) * tier.price
            begin = end
        }
        return dollars
    }

    /// Dollars for a GB-second of the first tier.
    public func firstTier(on architecture: LambdaArchitecture) -> Double {
        gigabyteSecond[architecture]?.first?.price ?? 0
    }

    /// The cost of `usage` on functions of an architecture.
    public func bill(_ usage: LambdaUsage, on architecture: LambdaArchitecture) -> Bill {
        Bill(
            functions: memory(usage.gigabyteSeconds, on: architecture),
            requests: Double(usage.requests) * request,
            storage: usage.storageGigabyteSeconds * storageGigabyteSecond,
            objects: Double(usage.gets) * get + Double(usage.puts) * put + Double(usage.lists) * list,
            stateMachine: Double(usage.stateTransitions) * stateTransition)
    }
}

/// US dollars by what is billed. Free allowances of an account are not deducted.
public struct Bill: Sendable, Equatable {
    /// Lambda's memory and time.
    public let functions: Double
    /// Lambda's invocations.
    public let requests: Double
    /// Lambda's `/tmp`.
    public let storage: Double
    /// S3's requests. Transfers between S3 and functions of a region are free; storage is not part of a run.
    public let objects: Double
    /// Step Functions.
    public let stateMachine: Double

    /// The part of Lambda.
    public var lambda: Double { functions + requests + storage }
    public var total: Double { lambda + objects + stateMachine }
}
