import COpenBLAS
import Glibc

/// OpenBLAS's single-precision product, opened only when that back end is asked for: its start-up makes a thread for
/// each core, which then spins for work that never comes.
public struct OpenBLAS: Sendable {
    private typealias Product =
        @convention(c) (
            CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, Float, UnsafePointer<Float>?,
            blasint, UnsafePointer<Float>?, blasint, Float, UnsafeMutablePointer<Float>?, blasint
        ) -> Void

    private let product: Product

    /// Nil where the library is not installed.
    public static let shared: OpenBLAS? = {
        // Read once, when the library is opened: one thread a caller.
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        guard let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(library, "cblas_sgemm")
        else { return nil }
        return OpenBLAS(product: unsafeBitCast(symbol, to: Product.self))
    }()

    /// C [rows, outputs] += A [rows, inputs] x W^T, W [outputs, inputs]; C's rows lie `stride` apart.
    public func multiplyAdd(
        _ a: UnsafePointer<Float>, _ w: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, rows: Int,
        outputs: Int, inputs: Int, stride: Int
    ) {
        let (m, n, k) = (blasint(rows), blasint(outputs), blasint(inputs))
        product(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, w, k, 1, c, blasint(stride))
    }
}
