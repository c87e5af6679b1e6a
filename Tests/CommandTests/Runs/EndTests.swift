import Foundation
import TestSupport
import Testing

@Suite("The end of the process")
struct EndTests {
    /// Threads that fetch objects can be underway in libcurl and OpenSSL when a command is done, and what they use must
    /// not be taken from them. The dynamic linker tells what it begins and what it ends.
    @Test(
        "No library is taken apart while threads can be in it", .enabled(if: !Sanitizer.isOn),
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
            let told = try FileManager.default.contentsOfDirectory(atPath: folder).map {
                try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
            }
            .joined()
            #expect(told.contains("calling init: "))
            #expect(!told.contains("calling fini: "))
        }
    }

    @Test("Help that cannot be written is an error")
    func helpIntoFullDisk() throws {
        let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
        let command = try Command.run(["infer", "--help"], output: full)
        #expect(command.status == 1)
        #expect(command.errors == "cai: error: standard output: cannot be written: No space left on device\n")
    }
}
