import Costs
import Platform

extension PlanReport {
    /// The plans, and what is said of them in lines of at most 110 columns.
    var text: String {
        let galaxies = Numbers.counted(planner.galaxies, "galaxy", "galaxies")
        let size = Numbers.bytes(planner.galaxies * PlanAssumptions.bytesOfGalaxy)
        let width = (statements.map(\.name.count).max() ?? 0) + 2
        return "\(galaxies) (\(size)) on AWS Lambda, \(planner.architecture.rawValue)\n\n" + Columns.text(rows) + "\n"
            + statements.map { WrappedWords.row($0.name, $0.text, indent: width, columns: 110) }.joined()
    }

    var json: JSONValue {
        let assumptions = planner.assumptions
        func json(_ candidate: Planner.Candidate?) -> JSONValue { candidate?.json ?? .null }
        var fields: [String: JSONValue] = [
            "galaxies": .integer(planner.galaxies), "architecture": .string(planner.architecture.rawValue),
            "within_s": .optional(within), "cheapest": json(cheapest), "fastest": json(fastest),
            "in_time": json(inTime),
            "in_time_at_half_the_rate": json(atHalfTheRate), "frontier": .array(frontier.map(\.json)),
            "fewest_workers_at_once": .optional(fewestWorkers),
            "assumptions": .object([
                "core_rate": .number(assumptions.coreRate), "core_source": .string(assumptions.coreSource),
                "processor_rate": .number(assumptions.processorRate),
                "processor_source": .string(assumptions.processorSource),
                "network_bytes_per_s": .number(assumptions.network), "overhead_s": .number(assumptions.overhead),
                "start_s": .number(assumptions.start), "reserve": .number(assumptions.reserve),
                "max_concurrency": .integer(planner.concurrencyLimit),
                "memory_limit_mb": .integer(planner.memoryLimit),
                "partition_sizes_mb": planner.partitionSizes.map { .array($0.map { .integer($0) }) } ?? .null,
                "instance_usd_per_hour": .optional(instancePrice),
            ]),
            "prices": planner.prices.json,
        ]
        if let within {
            fields["one_machine"] = .object([
                "cores": .number(planner.cores(within: within)),
                "galaxies_per_s_of_a_core": .number(assumptions.coreRate), "usd": .optional(machineCost(within)),
            ])
        }
        return .object(fields)
    }
}

extension Planner.Candidate {
    fileprivate var json: JSONValue {
        .object([
            "workers": .integer(plan.ranks), "at_once": .integer(plan.workersAtOnce),
            "memory_mb": .integer(plan.worker.memory),
            "processors": .number(LambdaLimits.processors(memory: plan.worker.memory)),
            "galaxies_of_a_partition": .integer(plan.shares.first?.galaxies ?? 0), "worker_s": .number(plan.slowest),
            "map_s": .number(plan.mapSeconds), "total_s": .number(seconds),
            "gb_s": .number(plan.usage.gigabyteSeconds), "bill": bill.json,
        ])
    }
}
