import Foundation
import TestSupport
import Testing

/// The most memory, in bytes, that a run of the tiny network took, pages of mapped files included: the last that its
/// process told before it ended.
private func peakMemory(_ input: String, output: String) throws -> Int {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Command.path)
    process.arguments = ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), "--quiet"]
    process.arguments? += ["--threads", "2", "--batch-size", "32", "-o", output, input]
    try process.run()
    var peak = 0
    while process.isRunning {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        peak = max(peak, line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 } ?? 0)
        usleep(1000)
    }
    #expect(process.terminationStatus == 0)
    return peak
}

@Test(
    "A run takes less memory than its partition is long, whatever the format",
    .disabled(if: Sanitizer.isOn, Sanitizer.takesMemory),
    arguments: ["1.safetensors", "2.pt"])
func largePartition(name: String) throws {
    try Fixture.withTemporaryFolder { folder in
        let galaxies = try TensorTable.partition(copies: 100)
        let bytes = name.hasSuffix(".pt") ? galaxies.torch().bytes : galaxies.bytes()
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + name))
        let peak = try peakMemory(folder + "/" + name, output: folder + "/z.csv")
        #expect(peak > 8 << 20)
        #expect(peak < bytes.count)
    }
}
