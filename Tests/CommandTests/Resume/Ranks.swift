import Foundation
import TensorFiles
import TestSupport

/// Ranks of the tiny network, and the files that they write.
enum Ranks {
    /// Three files of 37, 5 and 37 galaxies, so that shares begin and end within files.
    static func makeInputs(in folder: String) throws -> [String] {
        let table = try TensorTable.partition()
        try table.write(to: folder + "/a.safetensors")
        try table.rows(0..<5).write(to: folder + "/b.safetensors")
        try table.write(to: folder + "/c.safetensors")
        return ["a.safetensors", "b.safetensors", "c.safetensors"]
    }

    static func run(
        _ arguments: [String], in folder: String, environment: [String: String] = [:], fileBlocks: Int? = nil
    ) throws -> Command {
        try Command.run(
            ["infer", "--weights", Fixture.path("tiny/normalcell.pt")] + arguments, in: folder,
            environment: environment, fileBlocks: fileBlocks)
    }

    /// `z.rank-0001-of-0003.csv`
    static func part(_ rank: Int, of count: Int, ending: String = "csv") -> String {
        "z.rank-000\(rank)-of-000\(count).\(ending)"
    }

    static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
}
