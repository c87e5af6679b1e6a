import TensorFiles

/// Writes predictions, one row a galaxy, in the order of the inputs.
public enum PredictionWriter {
    /// Checks that a file can be written at `path`, before hours of work are spent on what would go there. Leaves
    /// nothing behind.
    /// - Throws: `InferenceError.file` where its folder is missing or cannot be written, or it is itself a folder.
    public static func check(path: String) throws(InferenceError) {
        try reading { () throws(TensorFileError) in try AtomicFile(path: path) }.abandon()
    }

    /// Writes a file that is complete or not there: it is written aside and renamed.
    public static func write(
        _ predictions: Predictions, to path: String, format: PredictionFormat
    ) throws(InferenceError) {
        var sink = FileSink(file: try reading { () throws(TensorFileError) in try AtomicFile(path: path) })
        do {
            try write(predictions, as: format, to: &sink)
            try reading { () throws(TensorFileError) in try sink.file.commit() }
        } catch {
            sink.file.abandon()
            throw error
        }
    }

    /// Writes to any sink, about 64 KiB at a time.
    public static func write(
        _ predictions: Predictions, as format: PredictionFormat, to sink: inout some ByteSink
    ) throws(InferenceError) {
        let blockSize = 1 << 16
        let encoder = PredictionEncoder(format: format)
        var bytes = encoder.header(count: predictions.redshifts.count)
        bytes.reserveCapacity(blockSize + 1024)
        try predictions.forEach { prediction throws(InferenceError) in
            encoder.append(prediction, to: &bytes)
            guard bytes.count >= blockSize else { return }
            try sink.write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        try sink.write(bytes)
    }

    private struct FileSink: ByteSink {
        let file: AtomicFile

        func write(_ bytes: [UInt8]) throws(InferenceError) {
            try reading { () throws(TensorFileError) in try file.write(bytes) }
        }
    }
}
