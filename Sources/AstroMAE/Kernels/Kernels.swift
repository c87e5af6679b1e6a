import CKernels
import Platform
import PortableKernels

/// One table of kernels and one GEMM back end: all that the layers call. The only file that calls the
/// kernels in C.
struct Kernels: @unchecked Sendable {
    let instructionSet: InstructionSet
    /// Never `auto`.
    let gemm: GemmBackend
    /// Of the Linear layers.
    let precision: Precision
    private let table: cai_kernels
    private let openBLAS: OpenBLAS?
    /// Counts and times of the calls; nil without a profile.
    private var counters: UnsafeMutablePointer<OperationCounts>?

    /// - Throws: `Failure` if OpenBLAS is asked for and not installed, or with bf16.
    init(
        _ instructionSet: InstructionSet, gemm: GemmBackend = .auto, precision: Precision = .float32
    ) throws(Failure) {
        guard gemm != .openblas || precision == .float32 else {
            throw Failure(.usage, "OpenBLAS multiplies float32: expected another back end for \(precision.rawValue)")
        }
        openBLAS = gemm == .openblas ? OpenBLAS.shared : nil
        if gemm == .openblas, openBLAS == nil {
            throw Failure("libopenblas.so.0", "cannot be opened: --gemm openblas needs OpenBLAS to be installed")
        }
        self.instructionSet = instructionSet.availableOrBelow
        self.gemm = gemm == .auto ? .packed : gemm
        self.precision = precision
        table = self.instructionSet.table ?? portableKernels
    }

    /// - Parameter instructionSet: nil for the widest one, capped by the environment's `CAI_ISA`.
    init(
        choosing instructionSet: InstructionSet?, gemm: GemmBackend, precision: Precision = .float32
    ) throws(Failure) {
        if let instructionSet {
            try self.init(instructionSet, gemm: gemm, precision: precision)
        } else {
            try self.init(.fromEnvironment(), gemm: gemm, precision: precision)
        }
    }

    /// The same kernels, counting into `counters` unless that is nil.
    func recording(in counters: OperationCounters?) -> Kernels {
        var copy = self
        copy.counters = counters?.base
        return copy
    }

    /// Runs `call`, with a profile between two readings of the clock. Without one this costs a branch.
    @inline(__always)
    private func measured(_ operation: NetworkOperation, _ work: @autoclosure () -> KernelWork, _ call: () -> Void) {
        guard let counters else {
            call()
            return
        }
        let start = OperationCounters.nanoseconds()
        call()
        OperationCounters.count(operation, work(), since: start, in: counters)
    }

    /// C [rows, outputs] = epilogue(A [rows, inputs] x W^T + bias); C's rows lie `stride` apart.
    func linear(
        _ weights: PackedMatrix, _ a: Operand, rows: Int, into c: UnsafeMutablePointer<Float>,
        stride: Int? = nil, _ epilogue: cai_epilogue = CAI_STORE
    ) {
        let stride = stride ?? weights.outputs
        var call = cai_gemm()
        call.rows = rows
        call.columns = weights.outputs
        call.runs = 1
        call.run = floats(ofRow: weights.inputs)
        call.a = UnsafePointer(a.base)
        call.lda = call.run
        call.panels = UnsafePointer(weights.panels.base)
        call.bias = UnsafePointer(weights.bias.base)
        call.c = c
        call.ldc = stride
        call.epilogue = epilogue
        measured(weights.operation, .linear(call, inputs: weights.inputs)) {
            if let openBLAS, let dense = weights.dense {
                openBLAS.linear(call, dense.base, table)
            } else if precision == .bf16 {
                table.gemm_bf16(&call)
            } else {
                table.gemm(&call)
            }
        }
    }

    /// The same with GELU, as the operand of another product in `c`.
    func linearGELU(
        _ weights: PackedMatrix, _ a: Operand, rows: Int, into c: UnsafeMutablePointer<Float>
    ) -> Operand {
        linear(
            weights, a, rows: rows, into: c, stride: floats(ofRow: weights.outputs),
            precision == .bf16 ? CAI_GELU_BF16 : CAI_GELU)
        return Operand(base: c)
    }

    /// The same over rows given by a table and inputs given in runs: convolutions. C's rows lie `stride` apart, or
    /// at the offsets of `cRows`. Always runs on the packed kernels.
    func convolution(
        _ weights: PackedMatrix, _ a: UnsafePointer<Float>, rows: Int, aRows: OffsetTable, aRuns: OffsetTable,
        into c: UnsafeMutablePointer<Float>, cRows: OffsetTable? = nil, stride: Int = 0,
        _ epilogue: cai_epilogue = CAI_STORE
    ) {
        var call = cai_gemm()
        call.rows = rows
        call.columns = weights.outputs
        call.runs = aRuns.count
        call.run = weights.inputs / aRuns.count
        call.a = a
        call.a_rows = UnsafePointer(aRows.base)
        call.a_runs = UnsafePointer(aRuns.base)
        call.panels = UnsafePointer(weights.panels.base)
        call.bias = UnsafePointer(weights.bias.base)
        call.c = c
        call.c_rows = cRows.map { UnsafePointer($0.base) }
        call.ldc = stride
        call.epilogue = epilogue
        measured(weights.operation, .gemm(call)) { table.gemm(&call) }
    }

    /// Rows of x at the offsets of `xRows`, 4*groups channels each -> out [rows, 4*groups]
    func quadConvolution(
        _ weights: QuadConvolution, _ x: UnsafePointer<Float>, rows: Int, xRows: OffsetTable,
        into out: UnsafeMutablePointer<Float>
    ) {
        var call = cai_quad_convolution(
            rows: rows, groups: weights.groups, hidden: weights.hidden, x: x, x_rows: xRows.base,
            expand: weights.expand.base, expand_bias: weights.expandBias.base, reduce: weights.reduce.base,
            reduce_bias: weights.reduceBias.base, out: out)
        measured(.parallelConvolution, .quads(call)) { table.quad_convolution(&call) }
    }

    /// x [rows, inputs] -> out [rows, outputs], summed in float64.
    func narrow(_ layer: NarrowLinear, _ x: UnsafePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>) {
        measured(layer.operation, .narrow(rows: rows, inputs: layer.inputs, outputs: layer.outputs)) {
            table.narrow_linear(
                x, layer.weight.base, layer.bias.base, out, rows, layer.inputs, layer.outputs, layer.outputs)
        }
    }

    func layerNorm(_ x: UnsafePointer<Float>, _ norm: LayerNorm, into out: UnsafeMutablePointer<Float>, rows: Int) {
        measured(.norm, .elementwise(rows * norm.width, floats: 2 * (rows + 1) * norm.width)) {
            table.layer_norm(x, norm.gamma.base, norm.beta.base, norm.eps, out, rows, norm.width)
        }
    }

    /// Layer normalisation as an operand in `out`.
    func layerNormOperand(
        _ x: UnsafePointer<Float>, _ norm: LayerNorm, into out: UnsafeMutablePointer<Float>, rows: Int
    ) -> Operand {
        guard precision == .bf16 else {
            layerNorm(x, norm, into: out, rows: rows)
            return Operand(base: out)
        }
        let floats = (rows + 2) * norm.width + rows * floats(ofRow: norm.width)
        measured(.norm, .elementwise(rows * norm.width, floats: floats)) {
            table.layer_norm_bf16(x, norm.gamma.base, norm.beta.base, norm.eps, out, rows, norm.width)
        }
        return Operand(base: out)
    }

    /// qkv [count, tokens, 3, heads, dim] -> an operand [count, tokens, heads, dim] in `out`
    func attention(
        qkv: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        count: Int, tokens: Int, heads: Int, dim: Int, scale: Float
    ) -> Operand {
        var call = cai_attention(
            count: count, tokens: tokens, heads: heads, dim: dim, scale: scale, qkv: qkv, out: out, scratch: scratch)
        measured(.attention, .attention(call)) {
            if precision == .bf16 { table.attention_bf16(&call) } else { table.attention(&call) }
        }
        return Operand(base: out)
    }

    static func attentionScratch(tokens: Int, dim: Int) -> Int { cai_attention_scratch(tokens, dim) }

    /// The ReLU that is not the epilogue of a matrix product: that of the first magnitude layer.
    func relu(_ x: UnsafeMutablePointer<Float>, count: Int) {
        measured(.magnitudes, .elementwise(count, floats: 2 * count)) { table.relu(x, count) }
    }

    /// x [rows, width] as an operand; in bf16 it replaces x.
    func operand(_ x: UnsafeMutablePointer<Float>, rows: Int, width: Int, of operation: NetworkOperation) -> Operand {
        guard precision == .bf16 else { return Operand(base: x) }
        measured(operation, .elementwise(rows * width, floats: rows * (width + Self.pairs(width)))) {
            table.round_bf16(x, x, rows, width)
        }
        return Operand(base: x)
    }

    /// c += x
    func add(_ x: UnsafePointer<Float>, to c: UnsafeMutablePointer<Float>, count: Int) {
        measured(.addition, .elementwise(count, floats: 3 * count)) { table.add(x, c, count) }
    }

    /// [side, side, channels] -> [side/2, side/2, channels]
    func averagePool2(_ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, side: Int, channels: Int) {
        measured(.inceptionPooling, .pooling(side, to: side / 2, channels)) {
            table.average_pool_2(x, out, side, side, channels)
        }
    }

    /// [side, side, channels] -> the same shape
    func maxPool3(_ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, side: Int, channels: Int) {
        measured(.inceptionPooling, .pooling(side, to: side, channels)) {
            table.max_pool_3(x, out, side, side, channels)
        }
    }

    /// [rows, width] -> [width]
    func meanRows(_ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
        measured(.tokenMean, .elementwise(rows * width, floats: (rows + 1) * width)) {
            table.mean_rows(x, out, rows, width)
        }
    }
}
