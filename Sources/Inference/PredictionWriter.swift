import TensorFiles

/// Writes predictions, one row a galaxy, in the order of the inputs.
public enum PredictionWriter {
    /// Checks that a file can be written at `path`, before hours of work are spent on what would go there. Leaves
    /// nothing behind.
    /// - Throws: `InferenceError.file` where its folder is missing or cannot be written, it is itself a folder, or it is
    ///   one of `inputs`.
    public static func check(path: String, sparing inputs: [String]) throws(InferenceError) {
        try reading { () throws(TensorFileError) in try AtomicFile.check(path: path, sparing: inputs) }
    }

    /// Writes a file that is complete or not there: it is written aside and renamed.
    public static func write(
        _ predictions: Predictions, to path: String, format: PredictionFormat
    ) throws(InferenceError) {
        switch format {
        case .csv: try writeText(predictions, to: path, form: .csv)
        case .jsonl: try writeText(predictions, to: path, form: .jsonLines)
        case .npy:
            try reading { () throws(TensorFileError) in
                try NumPyWriter.write(predictions.redshifts, shape: [predictions.redshifts.count], to: path)
            }
        }
    }

    /// Writes CSV to any sink, about 64 KiB at a time.
    public static func writeCSV(_ predictions: Predictions, to sink: inout some ByteSink) throws(InferenceError) {
        try write(predictions, form: .csv, to: &sink)
    }

    private static func writeText(
        _ predictions: Predictions, to path: String, form: PredictionEncoder.Form
    ) throws(InferenceError) {
        var sink = FileSink(file: try reading { () throws(TensorFileError) in try AtomicFile(path: path) })
        do {
            try write(predictions, form: form, to: &sink)
            try reading { () throws(TensorFileError) in try sink.file.commit() }
        } catch {
            sink.file.abandon()
            throw error
        }
    }

    private static func write(
        _ predictions: Predictions, form: PredictionEncoder.Form, to sink: inout some ByteSink
    ) throws(InferenceError) {
        let blockSize = 1 << 16
        let encoder = PredictionEncoder(form: form)
        var bytes = encoder.header
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
