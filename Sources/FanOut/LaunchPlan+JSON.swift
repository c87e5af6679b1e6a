extension LaunchPlan {
    /// What `--dry-run --json` prints.
    public var json: JSONValue {
        let cost = cost
        return .object([
            "data": .string(place), "files": .integer(files), "bytes": .integer(bytes), "galaxies": .integer(galaxies),
            "concurrency": .integer(concurrency), "memory_mb": .integer(workers.memory),
            "architecture": .string(workers.architecture.rawValue),
            "galaxies_per_s_of_a_worker": .number(workers.galaxiesPerSecond),
            "overhead_s": .number(Self.overhead), "worker_s": .number(workerSeconds),
            "slowest_rank_s": .number(slowest), "map_s": .number(mapSeconds), "other_s": .number(otherSeconds),
            "requests": .integer(requests), "state_transitions": .integer(stateTransitions),
            "gb_s": .number(gigabyteSeconds), "functions_usd": .number(cost.functions),
            "state_machine_usd": .number(cost.stateMachine),
            "cost_usd": .number(cost.functions + cost.stateMachine),
            "warnings": .array(warnings.map { .string($0) }),
            "ranks": .array(
                ranks.map { rank in
                    .object([
                        "rank": .integer(rank.rank), "files": .integer(rank.files), "bytes": .integer(rank.bytes),
                        "galaxies": .integer(rank.galaxies), "seconds": .number(rank.seconds),
                    ])
                }),
        ])
    }
}
