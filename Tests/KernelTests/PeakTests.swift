import CKernels
import Testing

@Suite("Attainable peak") struct PeakTests {
    @Test("The peak kernel returns the number of multiply-adds that it has done", arguments: KernelTable.available)
    func counts(table: KernelTable) throws {
        let kernels = try table.kernels
        // x/2 + 1/2 converges to 1 from any value: the sum is then the number of lanes of all vectors.
        var sink: [Float] = [0.5, 0.5]
        let flops = kernels.fma_peak(200, &sink)
        #expect(flops > 0 && flops % (2 * 200) == 0)
        #expect(Int(sink[0]) * 2 * 200 == flops)
        // One round: chains begin at 0, 1, 2, ..., equal in all lanes.
        var once: [Float] = [2, 1]
        let round = kernels.fma_peak(1, &once)
        let lanes = Int(sink[0])
        #expect(round == 2 * lanes)
        let widths = [4, 8, 16].filter { lanes % $0 == 0 }
        #expect(widths.contains { Int(once[0]) == $0 * (0..<lanes / $0).reduce(0) { $0 + 2 * $1 + 1 } })
    }
}
