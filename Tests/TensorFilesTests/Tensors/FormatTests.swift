import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Files of all formats have the values that PyTorch, safetensors and NumPy wrote")
struct FormatTests {
    static let dtypes: [(name: String, dtype: DType)] = [
        ("f64", .f64), ("f32", .f32), ("f16", .f16), ("bf16", .bf16), ("i64", .i64), ("i32", .i32), ("i16", .i16),
        ("i8", .i8), ("u8", .u8), ("bool", .bool),
    ]
    static let files = [
        "dtypes.pt", "dtypes-legacy.pt", "dtypes-legacy-protocol4.pt", "dtypes-deflated.pt", "dtypes.safetensors",
        "arrays.npz",
        "arrays-deflated.npz",
    ]

    /// The values of a tensor of shape [2, 3] in make.py.
    static func expected(_ dtype: DType) -> [Double] {
        switch dtype {
        case .bool: [0, 1, 0, 1, 0, 1]
        case .u8: [0, 1, 2, 3, 4, 5]
        default: [-3, -2, -1, 0, 1, 2]
        }
    }

    @Test("All element types are read", arguments: files, dtypes.map(\.name))
    func elementTypes(file: String, name: String) throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/\(file)"))
        if name == "bf16", file.hasSuffix(".npz") {
            #expect(opened[name] == nil, "NumPy has no bfloat16")
            return
        }
        let dtype = try #require(Self.dtypes.first { $0.name == name }?.dtype)
        let tensor = try #require(opened[name])
        #expect(tensor.dtype == dtype)
        #expect(tensor.shape == [2, 3])
        #expect(try tensor.doubles() == Self.expected(dtype))
        #expect(try tensor.floats() == Self.expected(dtype).map { Float($0) })
        var row: [Float] = [9, 9, 9]
        var span = row.mutableSpan
        try tensor.copyFloats(rows: 1..<2, into: &span)
        #expect(row == Self.expected(dtype)[3...].map { Float($0) })
    }

    @Test(
        "Formats are recognised by content",
        arguments: [
            ("dtypes.pt", TensorFile.Format.torch), ("dtypes-legacy.pt", .torchLegacy),
            ("dtypes.safetensors", .safetensors),
            ("arrays.npz", .npz), ("c-order.npy", .npy),
        ])
    func formats(file: String, format: TensorFile.Format) throws {
        #expect(try TensorFile.open(path: Fixture.path("formats/\(file)")).format == format)
    }

    @Test(
        "Tensors of all memory layouts are read", arguments: ["layouts.pt", "layouts-legacy.pt"],
        [
            "plain", "transposed", "sliced", "stepped", "expanded", "scalar", "empty", "empty-offset",
        ])
    func layouts(file: String, name: String) throws {
        let tensor = try #require(try TensorFile.open(path: Fixture.path("formats/\(file)"))[name])
        let (shape, values): ([Int], [Float]) =
            switch name {
            case "expanded": ([2, 3], [7, 7, 7, 8, 8, 8])
            case "scalar": ([], [4.5])
            case "empty", "empty-offset": ([0, 3], [])
            default: ([2, 3], [-3, -2, -1, 0, 1, 2])
            }
        #expect(tensor.shape == shape)
        #expect(try tensor.floats() == values)
        #expect(try tensor.doubles() == values.map { Double($0) })
        let viewed = try tensor.withContiguousFloats(rows: 0..<tensor.rows) { (span: Span<Float>) in
            span.indices.map { span[$0] }
        }
        // The older container does not align tensors.
        let isInPlace = file == "layouts.pt" && ["plain", "scalar", "empty", "empty-offset"].contains(name)
        #expect(viewed == (isInPlace ? values : nil))
        guard name != "scalar", !values.isEmpty else { return }
        var row = [Float](repeating: 0, count: 3)
        var span = row.mutableSpan
        try tensor.copyFloats(rows: 1..<2, into: &span)
        #expect(row == Array(values[3...]))
    }

    @Test(
        "A module of an unknown class gives its tensors and attributes",
        arguments: [
            "module.pt", "module-legacy.pt", "module-protocol3.pt", "module-protocol4.pt", "module-protocol5.pt",
        ])
    func modules(file: String) throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/\(file)"))
        let layer = [
            "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
        ]
        #expect(
            opened.tensors.map(\.name) == ["token", "table"] + layer.map { "layers.\($0)" } + [
                "alias.weight", "alias.bias",
            ])
        #expect(try opened["token"]?.floats() == [-3, -2, -1, 0])
        #expect(try opened["table"]?.doubles() == [-3, -2, -1, 0, 1])
        #expect(try opened["alias.weight"]?.floats() == opened["layers.0.weight"]?.floats())
        #expect(opened.classes[""] == "__main__.Tower")
        #expect(opened.classes["layers.1"] == "torch.nn.modules.batchnorm.BatchNorm1d")
        let attributes = try #require(opened.attributes[""])
        #expect(attributes["num_heads"] == .int(3))
        #expect(attributes["name"] == .string("tower"))
        #expect(attributes["scale"] == .double(0.125))
        #expect(attributes["window"] == .list([.int(4), .int(4)]))
        #expect(attributes["absent"] == Attribute.none)
        #expect(attributes["training"] == .bool(true))
        #expect(opened.attributes["layers.1"]?["eps"] == .double(1e-5))
    }

    @Test func legacyDataSet() throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/dataset-legacy.pt"))
        #expect(opened.tensors.map(\.name) == ["tensors.0", "tensors.1", "tensors.2"])
        #expect(opened.tensors.map(\.shape) == [[2, 5, 2, 2], [2, 5], [2]])
        #expect(opened.tensors.map(\.dtype) == [.f32, .f64, .f64])
        #expect(try opened["tensors.0"]?.floats() == (0..<40).map { Float($0) - 3 })
        #expect(opened.classes[""] == "torch.utils.data.dataset.TensorDataset")
    }

    @Test func bareTensorHasTheEmptyName() throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/bare.pt"))
        #expect(opened.tensors.map(\.name) == [""])
        #expect(try opened[""]?.floats() == [-3, -2, -1, 0, 1, 2])
    }

    @Test("Other objects that training scripts save with the weights are inert data")
    func checkpoint() throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/checkpoint.pt"))
        #expect(try opened["model.module.token"]?.floats().count == 4)
        #expect(opened["optimizer.state.0.exp_avg"]?.shape == [4])
        #expect(opened.attributes[""]?["epoch"] == .int(12))
        #expect(opened.attributes[""]?["loss"] == .double(.infinity))
        #expect(opened.attributes[""]?["seed"] == nil, "an integer of 71 bits")
        #expect(opened.classes["args"] == "argparse.Namespace")
        #expect(opened.attributes["args"]?["lr"] == .double(0.001))
        #expect(opened.attributes["args"]?["steps"] == .list([.int(1), .int(2)]))
        #expect(opened.classes["args.device"] == "torch.device")
        #expect(opened.attributes["seen"]?["r"] == .list([.int(1)]))
        #expect(opened.classes["make"] == "functools.partial")
    }

    @Test("Paths and namespaces are inert data, and long histories are not listed")
    func training() throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/training.pt"))
        #expect(try opened["weights"]?.floats() == [-3, -2, -1, 0, 1, 2])
        #expect(opened.classes["args.out"]?.hasSuffix("PurePosixPath") == true)
        #expect(opened.attributes["args"]?["depth"] == .int(12))
        #expect(opened.attributes["state"]?["best"] == .double(0.5))
        #expect(opened.attributes[""]?["history"] == nil)
    }

    @Test("The stride of an axis of length 1 may have any value")
    func oneRow() throws {
        let row = try #require(TensorFile.open(path: Fixture.path("formats/one-row.pt"))["row"])
        #expect(row.shape == [1, 3] && row.isContiguous)
        #expect(try row.doubles() == [0, 1, 2])
    }

    @Test("Tensors without elements are written quickly, however long their axes")
    func emptyAxes() throws {
        let header = #"{"t":{"dtype":"F32","shape":[4611686018427387904,0],"data_offsets":[0,0]}}"#
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
        let source = MemorySource(name: "empty.safetensors", bytes: length + Array(header.utf8))
        let tensor = try #require(TensorFile.open(source)["t"])
        try Fixture.withTemporaryFolder { folder in
            var writer = SafeTensorsWriter()
            writer.add(tensor)
            try writer.write(to: folder + "/copy.safetensors")
            let copy = try TensorFile.open(path: folder + "/copy.safetensors")
            #expect(copy["t"]?.shape == [4_611_686_018_427_387_904, 0])
        }
    }

    @Test func safetensorsMetadata() throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/dtypes.safetensors"))
        #expect(opened.metadata == ["origin": "make.py", "note": "quotes \" and \u{E9}"])
    }

    @Test(
        "Arrays of all orders and versions of .npy are read",
        arguments: ["c-order.npy", "fortran-order.npy", "version2.npy", "version3.npy"])
    func arrays(file: String) throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/\(file)"))
        #expect(opened.tensors.map(\.name) == [""])
        #expect(opened[""]?.shape == [2, 3])
        #expect(try opened[""]?.doubles() == [-3, -2, -1, 0, 1, 2])
    }

    @Test("Big-endian and unsigned arrays and records are read")
    func otherTypes() throws {
        let swapped = try TensorFile.open(path: Fixture.path("formats/big-endian.npy"))
        #expect(try swapped[""]?.dtype == .f32 && swapped[""]?.doubles() == [-3, -2, -1, 0, 1, 2])
        let unsigned = try TensorFile.open(path: Fixture.path("formats/uint16.npy"))
        #expect(unsigned[""]?.dtype == .u16 && unsigned[""]?.shape == [2, 3])
        let records = try TensorFile.open(path: Fixture.path("formats/structured.npy"))
        #expect(records.tensors.map(\.name) == ["ra", "dec"])
        #expect(try records["dec"]?.doubles() == [0, 0])
    }

    @Test func archivesKeepOrderAndScalars() throws {
        let opened = try TensorFile.open(path: Fixture.path("formats/arrays.npz"))
        #expect(try opened["columns"]?.floats() == [-3, -2, -1, 0, 1, 2])
        #expect(opened["scalar"]?.shape == [])
        #expect(try opened["scalar"]?.floats() == [4.5])
    }

    @Test(
        "Unsupported files are refused with the reason",
        arguments: [
            ("complex.pt", "tensor 'z': storage type 'torch.ComplexFloatStorage' is not supported"),
            ("negated.pt", "tensor 'z': is a lazily negated or conjugated view"),
            ("uint16.pt", "tensor 'z': its type 'torch.uint16' is not supported"),
            ("sparse.pt", "'z': a tensor made by 'torch._utils._rebuild_sparse_tensor' is not supported"),
            ("object.npy", "dtype '|O' is not supported"),
        ])
    func unsupported(file: String, words: String) throws {
        let path = Fixture.path("formats/\(file)")
        let error = #expect(throws: Failure.self) { _ = try TensorFile.open(path: path) }
        #expect(error?.description.hasPrefix(path) == true)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
