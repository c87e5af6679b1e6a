import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Written files are read back")
struct WriterTests {
    @Test("A safetensors file has the written tensors and metadata", arguments: [DType.f32, .f16, .bf16])
    func safetensors(dtype: DType) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/out.safetensors"
            // Exact in all three types
            let values: [Float] = [0, -0.5, 1, 3.25, -96, 0.0078125]
            var writer = SafeTensorsWriter()
            writer.add("half \"quoted\"\n", shape: [2, 3], floats: values, as: dtype)
            writer.add("count", shape: [3], integers: [1, -2, .max])
            writer.add("scalar", shape: [], floats: [7])
            writer.add("empty", shape: [0, 4], floats: [])
            try writer.write(to: path, metadata: ["note": "tab\t\u{E9}\u{1F30C}", "heads": "3"])
            let file = try TensorFile.open(path: path)
            #expect(file.metadata == ["note": "tab\t\u{E9}\u{1F30C}", "heads": "3"])
            #expect(file["half \"quoted\"\n"]?.dtype == dtype)
            #expect(try file["half \"quoted\"\n"]?.floats() == values)
            #expect(try file["count"]?.rowMajorBytes(rows: 2..<3) == [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
            #expect(file["scalar"]?.shape == [])
            #expect(file["empty"]?.shape == [0, 4])
            for tensor in file.tensors { #expect(tensor.byteOffset % tensor.dtype.byteCount == 0) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.safetensors"])
        }
    }

    @Test(
        "Tensors of another file are copied or converted, also strided ones",
        arguments: [DType?.none, .f32, .f16, .bf16])
    func views(dtype: DType?) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/out.safetensors"
            var writer = SafeTensorsWriter()
            let layouts = try TensorFile.open(path: Fixture.path("formats/layouts.pt"))
            let dtypes = try TensorFile.open(path: Fixture.path("formats/dtypes.pt"))
            for tensor in layouts.tensors { writer.add(tensor, as: dtype) }
            for tensor in dtypes.tensors { writer.add(tensor, named: "types.\(tensor.name)", as: dtype) }
            try writer.write(to: path)
            let written = try TensorFile.open(path: path)
            for tensor in layouts.tensors {
                #expect(try written[tensor.name]?.doubles() == tensor.doubles())
                #expect(written[tensor.name]?.shape == tensor.shape)
            }
            for tensor in dtypes.tensors {
                #expect(try written["types.\(tensor.name)"]?.doubles() == tensor.doubles())
                #expect(written["types.\(tensor.name)"]?.dtype == dtype ?? tensor.dtype)
            }
        }
    }

    /// Ties, subnormals and limits of binary16 and bfloat16: value, and its rounding to nearest even.
    @Test(
        "Float64 is rounded to half precision, to nearest even",
        arguments: [
            (DType.f16, 1 + 0x1p-11, 1.0), (.f16, 1 + 0x3p-11, 1 + 0x1p-9), (.f16, 1 + 0x1p-11 + 0x1p-20, 1 + 0x1p-10),
            (.f16, 65519, 65504), (.f16, 0x1p-25, 0), (.f16, 0x1.8p-25, 0x1p-24), (.f16, -0x1p-24, -0x1p-24),
            (.bf16, 1 + 0x1p-8, 1), (.bf16, 1 + 0x3p-8, 1 + 0x1p-6), (.bf16, 1 + 0x1p-8 + 0x1p-20, 1 + 0x1p-7),
            (.bf16, 0x1p-133, 0x1p-133), (.bf16, -3.0e38, -0x1.c4p127),
        ] as [(DType, Double, Double)])
    func rounding(dtype: DType, value: Double, expected: Double) throws {
        try Fixture.withTemporaryFolder { folder in
            var writer = SafeTensorsWriter()
            writer.add("x", shape: [2], floats: [Float(value), -Float(value)], as: dtype)
            try writer.write(to: "\(folder)/x.safetensors")
            #expect(try TensorFile.open(path: "\(folder)/x.safetensors")["x"]?.doubles() == [expected, -expected])
        }
    }

    @Test("A float64 is rounded once, not through float32", arguments: [DType.f16, .bf16])
    func roundedOnce(dtype: DType) throws {
        try Fixture.withTemporaryFolder { folder in
            // Just above a tie: float32 would round it to the tie, which is then rounded down to even.
            let step = dtype == .f16 ? 0x1p-10 : 0x1p-7
            let array = try NumPyWriter(path: "\(folder)/x.npy", element: .float64)
            try array.append([1 + step / 2 + 0x1p-40, 1 + step / 2 - 0x1p-40])
            try array.finish()
            var writer = SafeTensorsWriter()
            writer.add(try #require(try TensorFile.open(path: "\(folder)/x.npy")[""]), named: "x", as: dtype)
            try writer.write(to: "\(folder)/x.safetensors")
            #expect(try TensorFile.open(path: "\(folder)/x.safetensors")["x"]?.doubles() == [1 + step, 1])
        }
    }

    @Test("Every half-precision number is widened exactly and rounded back", arguments: [DType.f16, .bf16])
    func allHalves(dtype: DType) throws {
        var bytes = ByteBuilder()
        let header = #"{"x":{"dtype":"\#(dtype.rawValue)","shape":[65536],"data_offsets":[0,131072]}}"#
        bytes.append(UInt64(header.utf8.count))
        bytes.append(header)
        for bits in UInt16.min...UInt16.max { bytes.append(bits) }
        let tensor = try #require(try TensorFile.open(MemorySource(name: "halves", bytes: bytes.bytes))["x"])
        let floats = try tensor.floats()
        for (bits, float) in floats.enumerated() {
            let expected =
                dtype == .f16 ? Float(Float16(bitPattern: UInt16(bits))) : Float(bitPattern: UInt32(bits) << 16)
            #expect(float == expected || (float.isNaN && expected.isNaN))
        }
        try Fixture.withTemporaryFolder { folder in
            let finite = floats.map { $0.isNaN ? 0 : $0 }
            var writer = SafeTensorsWriter()
            writer.add("x", shape: [65536], floats: finite, as: dtype)
            try writer.write(to: "\(folder)/x.safetensors")
            #expect(try TensorFile.open(path: "\(folder)/x.safetensors")["x"]?.floats() == finite)
        }
    }

    @Test("Invalid tensors are refused and leave no file", arguments: ["range", "name", "shape", "type"])
    func refused(what: String) throws {
        try Fixture.withTemporaryFolder { folder throws in
            var writer = SafeTensorsWriter()
            switch what {
            case "range": writer.add("x", shape: [2], floats: [1, 70_000], as: .f16)
            case "name":
                writer.add("x", shape: [1], floats: [1])
                writer.add("x", shape: [1], floats: [1])
            case "shape": writer.add("x", shape: [3], floats: [1])
            default: writer.add("x", shape: [1], floats: [1], as: .i32)
            }
            let words = [
                "range": "70000.0 is beyond F16", "name": "name is taken", "shape": "1 values for shape [3]",
                "type": "cannot be converted to I32",
            ]
            let error = #expect(throws: Failure.self) { try writer.write(to: "\(folder)/x.safetensors") }
            #expect(error?.description.contains(words[what] ?? "") == true, "\(error?.description ?? "")")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test(
        "A .npy file is written row by row", arguments: [NumPyWriter.Element.float32, .float64],
        [(nil, nil), (nil, 2), (3, nil), (3, 2)] as [(Int?, Int?)])
    func npy(element: NumPyWriter.Element, size: (columns: Int?, rows: Int?)) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/out.npy"
            let width = size.columns ?? 1
            let writer = try NumPyWriter(path: path, element: element, columns: size.columns, rows: size.rows)
            try writer.append([Double](repeating: 0.1, count: width))
            try writer.append([Float](repeating: -2.5, count: width))
            try writer.finish()
            let tensor = try #require(try TensorFile.open(path: path)[""])
            #expect(tensor.shape == [2] + (size.columns.map { [$0] } ?? []))
            #expect(tensor.byteOffset == 128)
            let first = element == .float32 ? Double(Float(0.1)) : 0.1
            #expect(
                try tensor.doubles() == .init(repeating: first, count: width) + .init(repeating: -2.5, count: width))
        }
    }

    @Test("The header equals that of NumPy except for its padding")
    func npyHeader() throws {
        try Fixture.withTemporaryFolder { folder in
            try NumPyWriter.write([-3, -2, -1, 0, 1, 2], shape: [2, 3], to: "\(folder)/out.npy")
            let written = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/out.npy"))
            #expect(try written == Data(contentsOf: URL(fileURLWithPath: Fixture.path("formats/c-order.npy"))))
        }
    }

    @Test("A number of rows other than declared is refused", arguments: [1, 3, 5])
    func incomplete(values: Int) throws {
        try Fixture.withTemporaryFolder { folder in
            let writer = try NumPyWriter(path: "\(folder)/out.npy", element: .float32, columns: 2, rows: 2)
            try writer.append([Float](repeating: 1, count: values))
            #expect(throws: Failure.self) { try writer.finish() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
