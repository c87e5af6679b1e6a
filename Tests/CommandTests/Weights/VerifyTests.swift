import TestSupport
import Testing

/// Wrong references, and parts of the errors.
private struct Fault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let says: String
    let arrays: [(name: String, shape: [Int])]
    var arguments: [String] = []
}

private let faults = [
    Fault(
        testDescription: "a redshift too few", says: "has 36 redshifts, expected one for each of the 37 galaxies",
        arrays: [("z", [36])]),
    Fault(
        testDescription: "a redshift too many", says: "has 38 redshifts, expected one for each of the 37 galaxies",
        arrays: [("z", [38])]),
    Fault(
        testDescription: "all galaxies for the first five",
        says: "has 37 redshifts, expected one for each of the 5 galaxies",
        arrays: [("z", [37])], arguments: ["--limit", "5"]),
    Fault(
        testDescription: "two columns", says: "'z' is F64 [37, 2], expected floats of shape [N] or [N, 1]",
        arrays: [("z", [37, 2])]),
    Fault(testDescription: "a row", says: "'z' is F64 [1, 37], expected floats", arrays: [("z", [1, 37])]),
    Fault(
        testDescription: "arrays of other names", says: "expected an array 'z', found 'a', 'b'",
        arrays: [("a", [37]), ("b", [37])]),
    Fault(
        testDescription: "another network's redshifts", says: "does not give the redshifts of", arrays: [("z", [37])]),
]

@Test("cai verify: a wrong reference is an error that says what was expected", arguments: faults)
private func wrongReference(fault: Fault) throws {
    try Fixture.withTemporaryFolder { folder in
        var table = TensorTable()
        for (name, shape) in fault.arrays {
            table.add(name, shape, [Double](repeating: 0.25, count: shape.reduce(1, *)), .f64)
        }
        let path = folder + "/z.safetensors"
        try table.write(to: path)
        let command = try verify(path, fault.arguments)
        #expect(command.status == 1)
        #expect(command.errorLines.count == 1)
        #expect(command.errors.contains(fault.says), "\(command.errors)")
        #expect(command.output.isEmpty != fault.says.hasPrefix("does not"))
    }
}

@Test(
    "cai verify: without a file of that name, with a table but no ids, and with unknown columns, the error names the option"
)
func verifyWithoutItsFiles() throws {
    try Fixture.withTemporaryFolder { folder in
        let missing = try verify(folder + "/none.npy")
        #expect(missing.status == 1 && missing.output.isEmpty)
        #expect(missing.errors.contains("\(folder)/none.npy: cannot be opened"))
        var table = TensorTable()
        table.add("z", [Tiny.count], [Double](repeating: 0, count: Tiny.count), .f64)
        try table.write(to: folder + "/z.safetensors")
        let catalogue = folder + "/t.csv"
        try "object_id,mag_u,mag_g,mag_r,mag_i,mag_z\na,20,20,20,20,20\n".write(
            toFile: catalogue, atomically: true, encoding: .utf8)
        let joined = try verify(folder + "/z.safetensors", ["--table", catalogue, "--join", "id"])
        #expect(joined.status == 1 && joined.output.isEmpty && joined.errorLines.count == 1)
        #expect(joined.errors.contains("--join rows"), "\(joined.errors)")
    }
}

private func verify(_ reference: String, _ arguments: [String] = []) throws -> Command {
    let weights = Fixture.path("tiny/normalcell.pt")
    return try Command.run(
        ["verify", "--weights", weights, "--quiet", "--reference", reference, Tiny.partition] + arguments)
}
