import CKernels
import COpenBLAS
import Glibc

/// What multiplies matrices: the packed kernels, or OpenBLAS with one thread a caller.
///
/// `auto` is `packed` everywhere. OpenBLAS treats the rows at the ends of its strips otherwise than those within (seen
/// with 0.3.21 on its Haswell and Zen kernels, in both orientations), so with it a galaxy's last bits depend on its
/// position among the others; with `packed` they depend on nothing but the galaxy.
public enum GemmBackend: String, Sendable, CaseIterable {
    case auto, packed, openblas

    /// Whether it can be used here: OpenBLAS has to be installed, the others are always available.
    public var isAvailable: Bool { self != .openblas || OpenBLAS.shared != nil }
}

/// OpenBLAS's single-precision GEMM, opened only when that back end is asked for: its start-up makes a thread for
/// each core, which then spins for work that never comes.
public struct OpenBLAS: Sendable {
    private typealias SGEMM =
        @convention(c) (
            CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, Float, UnsafePointer<Float>?,
            blasint, UnsafePointer<Float>?, blasint, Float, UnsafeMutablePointer<Float>?, blasint
        ) -> Void

    private let sgemm: SGEMM

    /// Nil where the library is not installed.
    public static let shared: OpenBLAS? = {
        // Read once, when the library is opened: one thread a caller.
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        guard let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(library, "cblas_sgemm")
        else { return nil }
        return OpenBLAS(sgemm: unsafeBitCast(symbol, to: SGEMM.self))
    }()

    /// C [rows, outputs] += A [rows, inputs] x W^T, W [outputs, inputs]; C's rows lie `stride` apart.
    public func multiplyAdd(
        _ a: UnsafePointer<Float>, _ w: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, rows: Int,
        outputs: Int, inputs: Int, stride: Int
    ) {
        let (m, n, k) = (blasint(rows), blasint(outputs), blasint(inputs))
        sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, w, k, 1, c, blasint(stride))
    }

    /// What `table.gemm` does for a Linear layer: C = epilogue(A x W^T + bias), W [columns, run].
    func linear(_ call: cai_gemm, _ weights: UnsafePointer<Float>, _ table: cai_kernels) {
        func forEachRow(_ body: (UnsafeMutablePointer<Float>) -> Void) {
            for row in 0..<call.rows { body(call.c + row * call.ldc) }
        }
        let outputs = call.columns
        if call.epilogue == CAI_ADD {
            forEachRow { table.add(call.bias, $0, outputs) }
        } else {
            forEachRow { $0.update(from: call.bias, count: outputs) }
        }
        multiplyAdd(
            call.a, weights, into: call.c, rows: call.rows, outputs: outputs, inputs: call.run, stride: call.ldc)
        switch call.epilogue {
        case CAI_GELU: forEachRow { table.gelu($0, outputs) }
        case CAI_SILU: forEachRow { table.silu($0, outputs) }
        case CAI_RELU: forEachRow { table.relu($0, outputs) }
        default: break
        }
    }
}
