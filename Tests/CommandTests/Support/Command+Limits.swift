import TestSupport
import Testing

/// Limits that the kernel keeps: past them an allocation fails or the process is killed, and its status tells.
extension Command {
    /// What a broken file may cost over what any run costs and its own size.
    private static let allowance = 64 << 20

    /// The least memory in which the tiny network runs on the tiny partition, to 4 MB.
    private static let base: Result<Int, any Error> = Result {
        for memory in stride(from: 4 << 20, to: 1 << 30, by: 4 << 20) where try trivialRun(memory: memory).status == 0 {
            return memory
        }
        throw TooMuch()
    }

    private struct TooMuch: Error {}

    static func trivialRun(memory: Int) throws -> Command {
        try infer([Tiny.partition, "--quiet", "--threads", "1"], memory: memory)
    }

    /// The memory that a command may take on account of a file of `byteCount` bytes.
    static func memory(forFile byteCount: Int) throws -> Int {
        (Sanitizer.isOn ? 0 : try base.get()) + allowance + byteCount
    }

    /// The words that run a command with a limit of private memory (heap, anonymous maps, stacks of threads: mapped
    /// files do not count), and end one that hangs: after 20 seconds of processor time, or two minutes of any. Under a
    /// sanitizer there is no limit of memory, and ten times the time.
    static func limited(_ memory: Int) -> [String] {
        let script = #"ulimit -c 0; ulimit -t "$1"; ulimit -d "$0"; shift; exec timeout -s KILL "$@""#
        let limits = Sanitizer.isOn ? ["unlimited", "200", "1200"] : [String(memory >> 10), "20", "120"]
        return ["/bin/sh", "-c", script] + limits
    }
}

@Test(
    "The memory limit of tests is enforced: a run fails with half of the memory that it needs",
    .disabled(if: Sanitizer.isOn, Sanitizer.takesMemory))
func limitIsKept() throws {
    let base = try Command.memory(forFile: 0) - 64 << 20
    #expect(try Command.trivialRun(memory: base).status == 0)
    #expect(try Command.trivialRun(memory: base / 2).status != 0)
}
