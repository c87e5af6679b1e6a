import TestSupport
import Testing

/// Limits that the kernel enforces: beyond them an allocation fails or the process is killed, as its exit status shows.
extension Command {
    /// Memory allowed for a broken file, in addition to that of any run and the size of the file.
    private static let allowance = 64 << 20

    /// The smallest memory in which the tiny network runs on the tiny partition, to within 4 MB.
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

    /// The memory allowed for a file of `byteCount` bytes.
    static func memory(forFile byteCount: Int) throws -> Int {
        (Sanitizer.isOn ? 0 : try base.get()) + allowance + byteCount
    }

    /// The shell command that runs a command with a limit of private memory (heap, anonymous mappings, thread stacks;
    /// mapped files do not count) and kills it after 20 seconds of processor time, or two minutes of wall time. Under a
    /// sanitizer memory is not limited, and the times are ten times longer.
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
