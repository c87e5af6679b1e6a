import Foundation
import TensorFiles
import TestSupport
import Testing

@Test("The shares of a profile add up to 1", arguments: [1, 2])
func profile(threads: Int) throws {
    try Fixture.withTemporaryFolder { folder in
        let path = folder + "/z.npy"
        let command = try Command.infer(
            [Tiny.partition, "-o", path, "--json", "--profile", "--threads", "\(threads)", "--batch-size", "37"])
        #expect(command.status == 0)
        let summary = try object(command.output)
        let profile = try #require(summary["profile"] as? [String: Any])
        #expect(
            Set(profile.keys) == [
                "seconds", "threads", "thread_seconds", "peak_gflops_per_second", "operations", "other", "total",
            ])
        let operations = try #require(profile["operations"] as? [[String: Any]])
        let (other, total) = (
            try #require(profile["other"] as? [String: Any]), try #require(profile["total"] as? [String: Any])
        )
        func sum(_ key: String) -> Double { operations.compactMap { $0[key] as? Double }.reduce(0, +) }
        #expect(abs(sum("share") + (try #require(other["share"] as? Double)) - 1) < 1e-6)
        #expect(try #require(other["share"] as? Double) >= 0)
        let wall = try #require(summary["seconds"] as? Double)
        let used = try #require(summary["threads"] as? Double)
        #expect(profile["seconds"] as? Double == wall)
        #expect(abs(try #require(total["seconds"] as? Double) - wall * used) < 1e-6)
        for key in ["calls", "flops", "bytes", "elements"] { #expect(total[key] as? Double == sum(key)) }
        let names = operations.compactMap { $0["operation"] as? String }
        for name in ["patch embed", "qkv", "attention", "PCM", "inception 3x3", "magnitude MLP", "fusion"] {
            #expect(names.contains(name))
            #expect(command.errors.contains("\n\(name) "))
        }
        let peak = try #require(profile["peak_gflops_per_second"] as? Double)
        for line in operations {
            guard let rate = line["gflops_per_second"] as? Double else { continue }
            #expect(abs(try #require(line["peak_share"] as? Double) - rate / peak) < 1e-9)
        }
    }
}

@Test("A profile changes no bit of the output, and is written to the standard error only")
func profileChangesNothing() throws {
    let plain = try Command.infer([Tiny.partition])
    let profiled = try Command.infer([Tiny.partition, "--profile"])
    #expect(profiled.status == 0)
    #expect(profiled.output == plain.output)
    #expect(profiled.errors.contains("operation") && profiled.errors.contains("% of peak"))
    #expect(!plain.errors.contains("% of peak"))
}

@Test("Both GEMM back ends run on any number of threads", arguments: ["2", "140"])
func backEnds(threads: String) throws {
    try Fixture.withTemporaryFolder { folder in
        for index in 1...4 {
            try FileManager.default.copyItem(atPath: Tiny.partition, toPath: "\(folder)/\(index).pt")
        }
        var redshifts: [String: [Float]] = [:]
        for gemm in ["auto", "packed", "openblas"] {
            let path = "\(folder)/\(gemm).npy"
            let command = try Command.infer(
                [folder, "-o", path, "--json", "--gemm", gemm, "--threads", threads, "--batch-size", "1"])
            #expect(command.status == 0)
            let expected = gemm == "auto" ? "packed" : gemm
            #expect(try object(command.output)["gemm"] as? String == expected)
            #expect(command.errors.contains(", \(expected) (before it"))
            redshifts[gemm] = try #require(try TensorFile.open(path: path).tensors.first).floats()
        }
        let packed = try #require(redshifts["packed"])
        #expect(packed.count == 4 * Tiny.count)
        #expect(redshifts["auto"] == packed)
        // Each is within 1e-6 of float64.
        for (z, expected) in zip(try #require(redshifts["openblas"]), packed) { #expect(abs(z - expected) <= 2e-6) }
    }
}

@Test("cai inspect --cpu describes the processor without a file")
func inspectProcessor() throws {
    let text = try Command.run(["inspect", "--cpu"])
    #expect(text.status == 0 && text.errors.isEmpty)
    for part in ["processor   ", "caches      ", "kernels     portable: usable", "in use      ", "threads     "] {
        #expect(text.output.contains(part))
    }
    let json = try object(try Command.run(["inspect", "--cpu", "--json"]).output)
    let sets = try #require(json["instruction_sets"] as? [[String: Any]])
    let usable = sets.filter { $0["usable"] as? Bool == true }.compactMap { $0["name"] as? String }
    #expect(usable.first == "portable")
    let choice = try #require(json["instruction_set"] as? [String: String])
    #expect(ProcessInfo.processInfo.environment["CAI_ISA"] != nil || choice["name"] == usable.last)
    let threads = try #require(json["threads"] as? [String: Any])
    #expect(try #require(threads["count"] as? Int) >= 1)
    #expect((json["gemm"] as? [String: String])?["name"] == "packed")
}

@Test("A limit on the instruction set is reported, and an unknown one is refused")
func cappedInstructionSet() throws {
    let command = try Command.run(["inspect", "--cpu", "--json"], environment: ["CAI_ISA": "portable"])
    let capped = try object(command.output)
    #expect(capped["instruction_set"] as? [String: String] == ["name": "portable", "reason": "CAI_ISA=portable"])
    let unknown = try Command.run(["inspect", "--cpu"], environment: ["CAI_ISA": "sse9"])
    #expect(unknown.status == 2)
    #expect(unknown.errors.hasPrefix("cai: error: CAI_ISA: 'sse9' is not an instruction set"))
}
