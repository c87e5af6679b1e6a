import CKernels

/// The work of one kernel call, computed from its shapes: see `OperationCounts`.
struct KernelWork {
    var flops = 0
    /// Operands and results, in floats.
    var floats = 0
    var elements = 0

    /// A matrix product or convolution. Overlapping windows count the map under them once.
    static func gemm(_ call: cai_gemm) -> KernelWork {
        guard call.rows > 0, call.runs > 0 else { return KernelWork() }
        let inputs = call.runs * call.run
        var read = call.rows * inputs
        if let rows = call.a_rows {
            let runs = call.a_runs.map { Int($0[call.runs - 1]) - Int($0[0]) } ?? 0
            read = min(read, Int(rows[call.rows - 1]) - Int(rows[0]) + runs + call.run)
        }
        let results = call.rows * call.columns
        return KernelWork(
            flops: 2 * results * inputs,
            floats: read + (inputs + 1) * call.columns + (call.epilogue == CAI_ADD ? 2 : 1) * results,
            elements: call.epilogue == CAI_STORE ? 0 : results)
    }

    /// A Linear layer, whose operands may be bfloat16.
    static func linear(_ call: cai_gemm, inputs: Int) -> KernelWork {
        var work = gemm(call)
        work.flops = 2 * call.rows * call.columns * inputs
        return work
    }

    /// Two matrix products of tokens x tokens x dim for each head, and an exponential for each score.
    static func attention(_ call: cai_attention) -> KernelWork {
        let scores = call.count * call.heads * call.tokens * call.tokens
        return KernelWork(
            flops: 4 * scores * call.dim, floats: 4 * call.count * call.tokens * call.heads * call.dim,
            elements: scores)
    }

    /// 4 -> hidden -> 4 channels for each group, and a SiLU for each hidden unit.
    static func quads(_ call: cai_quad_convolution) -> KernelWork {
        let quad = Int(CAI_QUAD)
        let units = call.rows * call.groups * call.hidden
        return KernelWork(
            flops: 4 * quad * units,
            floats: 2 * call.rows * call.groups * quad + call.groups * (call.hidden * (2 * quad + 1) + quad),
            elements: units)
    }

    /// A Linear layer with float64 sums.
    static func narrow(rows: Int, inputs: Int, outputs: Int) -> KernelWork {
        KernelWork(
            flops: 2 * rows * inputs * outputs, floats: rows * (inputs + outputs) + (inputs + 1) * outputs, elements: 0)
    }

    /// A map of `side` x `side` pixels to one of `smaller` x `smaller`.
    static func pooling(_ side: Int, to smaller: Int, _ channels: Int) -> KernelWork {
        KernelWork(flops: 0, floats: (side * side + smaller * smaller) * channels, elements: side * side * channels)
    }

    /// An operation on each of `elements`, with `floats` of operands and results.
    static func elementwise(_ elements: Int, floats: Int) -> KernelWork {
        KernelWork(flops: 0, floats: floats, elements: elements)
    }
}
