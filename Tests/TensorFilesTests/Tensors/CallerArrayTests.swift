import Testing

@testable import Platform
@testable import TensorFiles

/// Arrays in the caller's memory.
struct CallerArrayTests {
    @Test("Elements are read by their strides, without a copy")
    func strides() throws {
        let memory = (0..<24).map { Float($0) }
        try memory.withUnsafeBytes { bytes in
            let base = try #require(bytes.baseAddress)
            let dense = try TensorView("a", .f32, shape: [4, 6], byteStrides: [24, 4], at: base, of: "arrays")
            #expect(try dense.floats(rows: 1..<3) == Array(memory[6..<18]))
            #expect(dense.contiguousByteRange(rows: 1..<3) == 24..<72)
            let transposed = try TensorView("a", .f32, shape: [6, 4], byteStrides: [4, 24], at: base, of: "arrays")
            #expect(try transposed.floats(rows: 2..<3) == [2, 8, 14, 20])
            let repeated = try TensorView("a", .f32, shape: [3, 2], byteStrides: [0, 4], at: base, of: "arrays")
            #expect(try repeated.floats() == [0, 1, 0, 1, 0, 1])
            let empty = try TensorView("a", .f32, shape: [0, 2], byteStrides: [8, 4], at: base, of: "arrays")
            #expect(try empty.floats().isEmpty)
            #expect(TensorFile(name: "arrays", arrays: [dense])["a"]?.shape == [4, 6])
        }
    }

    @Test(
        "Strides that are negative or no whole elements, and sizes beyond 63 bits, are errors",
        arguments: [
            ([2, 2], [-8, 4]), ([2, 2], [8, 2]), ([2, 2], [8]), ([-1, 2], [8, 4]), ([Int.max, 2], [8, 4]),
            ([2, 2], [Int.max & ~3, 4]), ([Int.max, Int.max], [0, 0]),
        ])
    func refused(_ shape: [Int], _ strides: [Int]) throws {
        let memory: [Float] = [0]
        try memory.withUnsafeBytes { bytes in
            let base = try #require(bytes.baseAddress)
            let failure = #expect(throws: Failure.self) {
                try TensorView("a", .f32, shape: shape, byteStrides: strides, at: base, of: "arrays")
            }
            #expect(failure?.message.hasPrefix("a: expected strides of 0 or more whole elements of 4 bytes") == true)
        }
    }
}
