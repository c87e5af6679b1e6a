import Foundation
import Testing

@testable import Costs
@testable import Report

@Suite("The published formula and the true bill")
struct CostTests {
    @Test("Costs equal the four published rows, to the cent")
    func publishedRows() {
        // Python: n*s*gb*0.0000166667 + n*2e-7
        let exact = [0.158133382726, 0.203798874160, 0.299440532144, 0.379193425]
        #expect(PublishedCost.rows.map(\.partition) == [25, 50, 75, 100])
        for (row, exact) in zip(PublishedCost.rows, exact) {
            let cost = row.formula.bill(.published).total
            #expect(abs(cost - exact) < 1e-11)
            #expect((cost * 100).rounded() / 100 == row.cost)
        }
        let logged = PublishedCost.logged
        let comparison = CostComparison(
            requests: logged.formula.requests, seconds: logged.formula.seconds, memoryUsed: nil, memory: 10_240)
        #expect((comparison.bill(on: .x86).lambda * 100).rounded() == 64)
    }

    @Test("Only storage beyond half a GB is billed")
    func storage() {
        // 100 x 10 s: 1 GB of memory, 2.5 GB of /tmp. Python: 1000*P + 100*2e-7 + 2*1000*3.09e-8
        let formula = PublishedFormula(requests: 100, seconds: 10, memory: 1, storage: 2.5)
        #expect(abs(formula.bill(.published).total - 0.0167485) < 1e-12)
        #expect(PublishedFormula(requests: 1, seconds: 1, memory: 1, storage: 0.25).bill(.published).storage == 0)
    }

    @Test("The bill is for configured memory, and includes Initialize and Summarize")
    func bill() throws {
        let comparison = CostComparison(
            requests: 259, seconds: 11.8, memoryUsed: 4, memory: 10_240, storage: 1536, reads: 32)
        let formula = try #require(comparison.formula)
        // 259*11.8*4*P + 259*2e-7 + 1*259*11.8*3.09e-8
        #expect(abs(formula.total - (0.203798874160 + 259 * 11.8 * 3.09e-8)) < 1e-11)
        // Initialize and Summarize take 2 s and 5 ms a rank together, each rounded up to a ms, at 1,769 MB.
        let others = 2 * 1.648 * 1769 / 1024
        for (architecture, price) in [(LambdaArchitecture.x86, 0.0000166667), (.arm, 0.0000133334)] {
            let bill = comparison.bill(on: architecture)
            #expect(abs(bill.functions - (259 * 11.8 * 10 + others) * price) < 1e-10)
            #expect(abs(bill.requests - 261 * 2e-7) < 1e-12)
            #expect(abs(bill.storage - 259 * 11.8 * 3.09e-8) < 1e-12)
            #expect(abs(bill.stateMachine - 526 * 25e-6) < 1e-12)
            // 259 x (32 + 2) + 3 reads, 259 x 2 + 8 writes, 2 listings.
            #expect(abs(bill.objects - (8809 * 4e-7 + 528 * 5e-6)) < 1e-12)
        }
    }

    @Test("Without the memory used there is no published cost")
    func unknownMemory() {
        #expect(CostComparison(requests: 1, seconds: 1, memoryUsed: nil, memory: 128).formula == nil)
    }

    @Test(
        "Dollars are formatted with the decimals of their size",
        arguments: [
            (0.0, "$0"), (2e-7, "<$0.0001"), (0.0001, "$0.0001"), (0.0791, "$0.0791"), (0.158, "$0.16"),
            (12.345, "$12.35"), (272_160.55, "$272,160.55"),
        ])
    func dollars(value: Double, text: String) { #expect(Dollars.text(value) == text) }
}
