import Glibc
import TestSupport
import Testing

/// The smallest limit of address space with which the command starts and reads a partition, to within 4 MB.
private func leastAddressSpace() throws -> Int {
    for limit in stride(from: 16 << 20, to: 8 << 30, by: 4 << 20)
    where try Command.run(["inspect", Tiny.partition], addressSpace: limit).status == 0 {
        return limit
    }
    throw TooMuch()
}

private struct TooMuch: Error {}

@Test(
    "A run without enough address space ends with one line that names the missing bytes",
    .disabled(if: Sanitizer.isOn, Sanitizer.takesMemory))
func addressSpace() throws {
    var messages: [String] = []
    let least = try leastAddressSpace()
    for limit in stride(from: least + 4 << 20, to: least + 1 << 30, by: 4 << 20) {
        let run = try Command.run(
            ["infer", "--weights", Fixture.path("tiny/normalcell.pt"), Tiny.partition, "--quiet", "--threads", "1"],
            addressSpace: limit)
        if run.status == 0 { break }
        // A Swift array whose allocation fails ends the process; only the buffers of the network report an error.
        if run.status == -SIGABRT, run.errors.hasPrefix("Fatal error: failed to allocate") { continue }
        #expect(run.status == 1, "limit \(limit)")
        #expect(run.errorLines.count == 1, "limit \(limit): \(run.errors)")
        messages.append(run.errors)
    }
    #expect(messages.contains { $0.contains(#/out of memory: \d+ bytes could not be allocated/#) }, "\(messages)")
}
