import CKernels
import Testing

@Suite("The yardstick") struct PeakTests {
    @Test("counts the multiply-adds whose results it leaves", arguments: KernelTable.available)
    func counts(table: KernelTable) throws {
        let kernels = try table.kernels
        // x/2 + 1/2 ends at 1 from anywhere: the sum is then the number of lanes of all vectors.
        var sink: [Float] = [0.5, 0.5]
        let flops = kernels.fma_peak(200, &sink)
        #expect(flops > 0 && flops % (2 * 200) == 0)
        #expect(Int(sink[0]) * 2 * 200 == flops)
        // One round: chains begin at 0, 1, 2, ... with all lanes alike.
        var once: [Float] = [2, 1]
        let round = kernels.fma_peak(1, &once)
        let lanes = Int(sink[0])
        #expect(round == 2 * lanes)
        let widths = [4, 8, 16].filter { lanes % $0 == 0 }
        #expect(widths.contains { Int(once[0]) == $0 * (0..<lanes / $0).reduce(0) { $0 + 2 * $1 + 1 } })
    }
}
