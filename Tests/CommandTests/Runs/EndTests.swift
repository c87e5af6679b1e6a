import Foundation
import TestSupport
import Testing

@Suite("The end of the process")
struct EndTests {
    /// When a command ends, threads that fetch objects can still run in libcurl and OpenSSL: these must not be
    /// finalized before. The dynamic linker logs initializations and finalizations.
    @Test(
        "No library is finalized at exit while threads can run in it", .enabled(if: !Sanitizer.isOn),
        arguments: [
            "infer tiny/partition.pt --weights tiny/normalcell.pt --quiet": Int32(0), "--help": 0, "infer none.pt": 1,
            "infer --none": 2,
        ])
    func nothingIsTakenApart(line: String, status: Int32) throws {
        try Fixture.withTemporaryFolder { folder in
            let command = try Command.run(
                line.split(separator: " ").map(String.init), in: Fixture.path(""),
                environment: ["LD_DEBUG": "files", "LD_DEBUG_OUTPUT": folder + "/linker"])
            #expect(command.status == status, "\(command.errors)")
            let log = try FileManager.default.contentsOfDirectory(atPath: folder).map {
                try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
            }
            .joined()
            #expect(log.contains("calling init: "))
            #expect(!log.contains("calling fini: "))
        }
    }

    @Test("Help that cannot be written to the standard output is an error")
    func helpIntoFullDisk() throws {
        let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
        let command = try Command.run(["infer", "--help"], output: full)
        #expect(command.status == 1)
        #expect(command.errors == "cai: error: standard output: cannot be written: No space left on device\n")
    }
}
