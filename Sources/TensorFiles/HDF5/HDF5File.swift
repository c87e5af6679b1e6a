import Platform

/// HDF5: datasets of all groups as named tensors, `images` or `group/images`.
/// Format: https://support.hdfgroup.org/documentation/
///
/// Numbers are float32 (half precision is widened), float64, int64 or uint64; those that the dataset states to stand for none
/// are NaN, and others are scaled: see `HDF5Decoding`. Data in other files (external links and storage,
/// virtual datasets) and data that needs a filter which is not built in are not read.
enum HDF5File {
    static let magic: [UInt8] = [0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A]

    /// The offset of the superblock: 0, or behind a user block 512, 1024, 2048 and so on; nil where there is none.
    static func start(in source: some ByteSource) throws(Failure) -> Int? {
        var offset = 0
        while offset <= source.byteCount - magic.count {
            let isStart = try source.withBytes(in: offset..<offset + magic.count) { (bytes: RawSpan) in
                bytes.starts(with: magic)
            }
            if isStart { return offset }
            offset = max(512, 2 * offset)
        }
        return nil
    }

    static func read(_ source: some ByteSource) throws(Failure) -> TensorFile {
        let document = try HDF5Document(source)
        let found = try document.datasets()
        var refusals = found.refusals
        var tensors: [TensorView] = []
        var texts: [TextColumn] = []
        var names = Set<String>()
        for dataset in found.datasets {
            guard names.insert(dataset.path).inserted else {
                throw Failure(source.name, "HDF5: dataset \(dataset.path.quoted) occurs twice: its group is damaged")
            }
            let rows = dataset.shape.first ?? 1
            // Chunks that were never written take no bytes, so that nothing else limits the declared length.
            guard rows <= source.byteCount else {
                refusals[dataset.path] = "has \(rows) rows in a file of \(source.byteCount) bytes"
                continue
            }
            switch dataset.kind {
            case .number(let dtype):
                var view = TensorView(name: dataset.path, dtype: dtype, shape: dataset.shape, rowsOf: source.name) {
                    (rows) throws(Failure) in
                    try document.numbers(dataset, dtype, rows: rows)
                }
                if [.i64, .u64].contains(dtype) { view.nulls = dataset.decoding.nulls }
                view.storedAs = dataset.stored.map { [$0] } ?? []
                view.isScaled = dataset.decoding.isScaled
                tensors.append(view)
            case _ where dataset.shape.count == 1:
                texts.append(
                    TextColumn(name: dataset.path, count: rows, file: source.name) { rows throws(Failure) in
                        try document.texts(dataset, rows: rows)
                    })
            case .text, .variableText: refusals[dataset.path] = "texts of shape \(dataset.shape)"
            }
        }
        return TensorFile(
            name: source.name, format: .hdf5, byteCount: source.byteCount, tensors: tensors, texts: texts,
            refusals: refusals, noting: { (names, _) throws(Failure) in try document.notes(names) },
            closing: { document.close() })
    }
}
