import Foundation
import TestSupport
import Testing

/// The way a file is passed to the command.
enum Way: String, Sendable, CaseIterable {
    case inspected, galaxies, converted
}

/// Every file in one way, and in the full form in all of them.
private let readings = HostileFiles.all.enumerated().flatMap { index, file in
    (TestRun.isEndurance ? Way.allCases : [Way.allCases[index % Way.allCases.count]]).map { (file, $0) }
}

@Test(
    "A broken or hostile file gives one line that names it, no output, and bounded memory and time",
    arguments: readings)
func hostileFileEndurance(file: HostileFile, way: Way) throws {
    try Fixture.withTemporaryFolder { folder in
        let name = "hostile." + file.ending
        let path = folder + "/" + name
        let bytes = file.make()
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let memory = try Command.memory(forFile: bytes.count)
        let command =
            switch way {
            case .inspected: try Command.run(["inspect", path, "--json"], memory: memory)
            case .converted: try Command.run(["convert", path, "-o", folder + "/w.safetensors"], memory: memory)
            case .galaxies: try Command.infer([Tiny.partition, path, "-o", folder + "/z.csv"], memory: memory)
            }
        #expect(command.status == 1)
        #expect(command.output.isEmpty)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.hasPrefix("cai: error: \(path): "))
        // Checksums of galaxies are compared later, and these files contain no galaxies.
        let isOpened = way == .galaxies && file.hasSoundHeaders
        #expect(command.errors.contains(isOpened ? "is not a galaxy file" : file.words), "\(command.errors)")
        #expect(try names(in: folder) == [name])
    }
}
