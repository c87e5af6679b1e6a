import Foundation
import TestSupport
import Testing

/// The peak memory of a run of the tiny network, in bytes, with pages of mapped files: the last value read from its
/// process before it ended.
private func peakMemory(_ input: String, output: String) throws -> Int {
    let words = ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), "--quiet"]
    let process = try ChildProcess(
        [Command.path] + words + ["--threads", "2", "--batch-size", "32", "-o", output, input])
    var peak = 0
    try process.wait(for: "the end of a run") {
        let status = (try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        peak = max(peak, line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 } ?? 0)
        return false
    }
    let ended = try process.end()
    #expect(ended.status == 0, "\(ended.errors)")
    return peak
}

@Test(
    "A run needs less memory than the size of its partition, in every format",
    .disabled(if: Sanitizer.isOn, Sanitizer.takesMemory),
    arguments: ["1.safetensors", "2.pt"])
func largePartition(name: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let galaxies = try TensorTable.partition(copies: 100)
        let bytes = name.hasSuffix(".pt") ? galaxies.torch().bytes : galaxies.bytes()
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + name))
        // The process may end between two readings, long after the last one if the machine has other work.
        let peak = try attempt("a peak over 8 MiB") { found in
            let peak = try peakMemory(folder + "/" + name, output: folder + "/z.csv")
            found = "\(peak) bytes"
            return peak > 8 << 20 ? peak : nil
        }
        #expect(peak < bytes.count)
    }
}
