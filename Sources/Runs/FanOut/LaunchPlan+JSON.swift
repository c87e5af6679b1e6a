import Platform

extension LaunchPlan {
    /// What `--dry-run --json` prints.
    public var json: JSONValue {
        let (bill, usage, worker) = (bill, plan.usage, plan.worker)
        return .object([
            "data": .string(place), "files": .integer(plan.files), "bytes": .integer(plan.bytes),
            "galaxies": .integer(plan.galaxies), "concurrency": .integer(plan.concurrency),
            "memory_mb": .integer(worker.memory), "architecture": .string(worker.architecture.rawValue),
            "galaxies_per_s_of_a_worker": .number(worker.galaxiesPerSecond),
            "overhead_s": .number(plan.assumptions.overhead), "start_s": .number(plan.assumptions.start),
            "worker_s": .number(plan.workerSeconds), "slowest_rank_s": .number(plan.slowest),
            "map_s": .number(plan.mapSeconds), "other_s": .number(plan.otherSeconds),
            "total_s": .number(plan.totalSeconds), "requests": .integer(usage.requests),
            "state_transitions": .integer(usage.stateTransitions),
            "s3_requests": .integer(usage.gets + usage.puts + usage.lists), "gb_s": .number(usage.gigabyteSeconds),
            "functions_usd": .number(bill.functions + bill.requests), "storage_usd": .number(bill.storage),
            "state_machine_usd": .number(bill.stateMachine), "s3_usd": .number(bill.objects),
            "cost_usd": .number(bill.total),
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
