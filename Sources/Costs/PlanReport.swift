import Platform

/// The cheapest and the fastest plan for a number of galaxies, the cheapest that ends in time, and their assumptions.
public struct PlanReport: Sendable {
    public let planner: Planner
    /// Seconds; nil without a deadline.
    public let within: Double?
    /// Dollars an hour of a machine with enough cores; nil where not given.
    public let instancePrice: Double?
    public let cheapest: Planner.Candidate
    public let fastest: Planner.Candidate
    /// nil without a deadline.
    public let inTime: Planner.Candidate?
    /// The same if Lambda's processors were half as fast; nil without a deadline, or where nothing ends in time then.
    public let atHalfTheRate: Planner.Candidate?
    /// The plans that are cheapest for some deadline, the fastest first.
    public let frontier: [Planner.Candidate]

    /// - Throws: `Failure` where no plan is within AWS's limits, or none ends in time.
    public init(_ planner: Planner, within: Double? = nil, instancePrice: Double? = nil) throws(Failure) {
        self.planner = planner
        self.within = within
        self.instancePrice = instancePrice
        let candidates = planner.candidates()
        guard let cheapest = Planner.cheapest(of: candidates), let fastest = Planner.fastest(of: candidates) else {
            throw Failure(
                "expected a plan within AWS's limits, found none: with these partitions a worker would take more than "
                    + "\(Self.percent(1 - planner.assumptions.reserve)) of 900 s or of its memory")
        }
        self.cheapest = cheapest
        self.fastest = fastest
        frontier = Planner.frontier(of: candidates)
        guard let within else {
            (inTime, atHalfTheRate) = (nil, nil)
            return
        }
        guard let inTime = Planner.cheapest(of: candidates, within: within) else {
            let galaxies = planner.galaxies == 1 ? "1 galaxy" : "\(Decimals.grouped(planner.galaxies)) galaxies"
            throw Failure(
                "expected a plan for \(galaxies) that ends within \(Self.seconds(within)), found none: the fastest takes "
                    + "\(Self.seconds(fastest.seconds)) (\(Self.parts(fastest.plan))) with "
                    + "\(Self.workers(fastest.plan.workersAtOnce)) at once; one machine would need "
                    + "\(Decimals.fixed(planner.cores(within: within), 0)) cores")
        }
        self.inTime = inTime
        var slower = planner
        slower.assumptions.processorRate /= 2
        atHalfTheRate = Planner.cheapest(of: slower.candidates(), within: within)
    }

    /// The fewest workers at once with which the plan ends in time.
    public var fewestWorkers: Int? {
        guard let within, let inTime else { return nil }
        return Planner.fewestWorkers(for: inTime.plan, within: within)
    }

    /// Dollars for a machine that runs for a number of seconds: EC2 bills each second, at least 60.
    public func machineCost(_ seconds: Double) -> Double? { instancePrice.map { $0 * max(60, seconds) / 3600 } }
}

extension Planner {
    /// Cores of one machine that do it in time.
    public func cores(within seconds: Double) -> Double {
        Self.cores(galaxies: galaxies, within: seconds, rate: assumptions.coreRate)
    }
}
