import Foundation
import Testing

@testable import Costs
@testable import Platform
@testable import Report

@Suite("Prices, and what they come to")
struct PriceTests {
    private let prices = PriceList.published

    @Test("The prices are those that AWS publishes for us-east-1, with their date and sources")
    func published() {
        #expect(prices.region == "us-east-1")
        #expect(prices.asOf == "2025-01")
        #expect(prices.sources.contains("https://aws.amazon.com/lambda/pricing/"))
        #expect(prices.firstTier(on: .x86) == 0.0000166667)
        #expect(prices.firstTier(on: .arm) == 0.0000133334)
        // $0.20 a million, $0.025 a thousand; S3: $0.0004 and $0.005 a thousand.
        #expect(abs(prices.request * 1e6 - 0.2) < 1e-12)
        #expect(abs(prices.stateTransition * 1000 - 0.025) < 1e-12)
        #expect(abs(prices.get * 1000 - 0.0004) < 1e-15)
        #expect(abs(prices.put * 1000 - 0.005) < 1e-15)
        #expect(prices.list == prices.put)
        #expect(prices.storageGigabyteSecond == 3.09e-8)
    }

    // Python: 6e9*.0000166667 + 1e9*.000015; 6e9*.0000166667 + 9e9*.000015 + 1e9*.0000133334;
    // 7.5e9*.0000133334 + .5e9*.0000120001
    @Test(
        "A month's later GB-seconds are of a cheaper tier",
        arguments: [
            (LambdaArchitecture.x86, 0.0, 0.0), (.x86, 6e9, 100_000.2), (.x86, 7e9, 115_000.2),
            (.x86, 16e9, 248_333.6), (.arm, 7.5e9, 100_000.5), (.arm, 8e9, 106_000.55),
        ])
    func tiers(architecture: LambdaArchitecture, gigabyteSeconds: Double, dollars: Double) {
        #expect(abs(prices.memory(gigabyteSeconds, on: architecture) - dollars) < 1e-6)
    }

    @Test(
        "An invocation is billed up to the next millisecond",
        arguments: [
            (0.0, 0.0), (1, 1), (6.55, 6.55), (0.0001, 0.001), (1.0001, 1.001), (1.0011, 1.002), (4.35, 4.35),
            // In binary 0.07 x 1000 and 1.1 x 1000 are a little more than 70 and 1100.
            (0.07, 0.07), (1.1, 1.1), (2.999_000_1, 3),
        ])
    func milliseconds(seconds: Double, billed: Double) {
        #expect(abs(LambdaUsage.billed(seconds) - billed) < 1e-12)
    }

    @Test("Memory and /tmp are billed as configured, each invocation by itself")
    func usage() {
        var usage = LambdaUsage()
        usage.add(invocations: 1000, of: 0.0101, memory: 2048, storage: 1536)
        usage.add(of: 2, memory: 512)
        #expect(usage.requests == 1001)
        // 1000 x 11 ms x 2 GB and 2 s x 0.5 GB; 1000 x 11 ms x (1.5 - 0.5) GB.
        #expect(abs(usage.gigabyteSeconds - 23) < 1e-9)
        #expect(abs(usage.storageGigabyteSeconds - 11) < 1e-9)
        (usage.gets, usage.puts, usage.lists, usage.stateTransitions) = (1000, 100, 10, 40)
        let bill = prices.bill(usage, on: .arm)
        #expect(abs(bill.functions - 23 * 0.0000133334) < 1e-15)
        #expect(abs(bill.requests - 0.0002002) < 1e-15)
        #expect(abs(bill.storage - 11 * 3.09e-8) < 1e-15)
        #expect(abs(bill.objects - (0.0004 + 0.0005 + 0.00005)) < 1e-15)
        #expect(abs(bill.stateMachine - 0.001) < 1e-15)
        #expect(abs(bill.total - (bill.lambda + bill.objects + bill.stateMachine)) < 1e-15)
    }

    /// The program's own file with one text in place of another.
    private func changed(_ old: String, _ new: String) throws -> [UInt8] {
        let text = String(decoding: PackageResources.prices_json, as: UTF8.self)
        try #require(text.contains(old))
        return Array(text.replacingOccurrences(of: old, with: new).utf8)
    }

    @Test("Other prices are read from a file of the same form")
    func file() throws {
        let bytes = try changed("us-east-1", "af-south-1")
        #expect(try PriceList(json: bytes, name: "p.json").region == "af-south-1")
    }

    @Test(
        "A broken price file is an error that names the key",
        arguments: [
            ("\"USD\"", "\"EUR\"", "p.json: currency: expected USD, found 'EUR'"),
            ("\"request\": 0.0000002", "\"request\": -1", "p.json: lambda.request: expected dollars from 0 to 1000"),
            ("\"get\": 0.0000004", "\"get\": \"free\"", "p.json: s3.get: expected a number, found"),
            ("\"get\": 0.0000004,", "", "p.json: s3: expected the key get, found none"),
            ("arm64", "arm", "p.json: lambda.gb_second.arm64: expected at least one tier, found none"),
            ("\"up_to\": 15000000000", "\"up_to\": 5", "lambda.gb_second.x86_64[1].up_to: expected a number above"),
            ("\"up_to\": 18750000000, ", "", "lambda.gb_second.arm64[1].up_to: expected a number above"),
            ("{\"price\": 0.0000133334}", "{\"up_to\": 2e10, \"price\": 1}", "expected none in the last tier, found"),
            ("\"region\"", "region", "p.json: expected JSON"),
        ])
    func faults(old: String, new: String, message: String) throws {
        let bytes = try changed(old, new)
        let error = #expect(throws: Failure.self) { try PriceList(json: bytes, name: "p.json") }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("\n") == false)
    }
}
