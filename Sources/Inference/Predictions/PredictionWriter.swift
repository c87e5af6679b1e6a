import Platform
import TensorFiles

/// Writes predictions, one row a galaxy, in the order of the inputs.
public enum PredictionWriter {
    /// Checks that a file can be written at `path`, before hours are spent on its contents. Leaves no file.
    /// - Throws: `Failure.file` where its folder is missing or cannot be written, it is itself a folder, or it is
    ///   one of `inputs`.
    public static func check(path: String, sparing inputs: [String]) throws(Failure) {
        try AtomicFile.check(path: path, sparing: inputs)
    }

    /// The same, and that the library of the format can be loaded.
    public static func check(path: String, format: PredictionFormat, sparing inputs: [String]) throws(Failure) {
        if format == .hdf5 { try HDF5TableWriter.check(path: path) }
        try check(path: path, sparing: inputs)
    }

    /// Writes a file atomically: to a temporary name, then renamed.
    /// - Parameter provenance: origin of the predictions, for formats that hold it.
    public static func write(
        _ predictions: Predictions, to path: String, format: PredictionFormat, provenance: Provenance? = nil
    ) throws(Failure) {
        switch format {
        case .csv: try writeText(predictions, to: path, form: .csv)
        case .csvGzip: try writeText(predictions, to: path, form: .csv, through: GzipStream())
        case .jsonl: try writeText(predictions, to: path, form: .jsonLines)
        case .fits: try PredictionTableWriter(predictions: predictions, provenance: provenance).writeFITS(to: path)
        case .hdf5: try PredictionTableWriter(predictions: predictions, provenance: provenance).writeHDF5(to: path)
        case .npy:
            try NumPyWriter.write(predictions.redshifts, shape: [predictions.redshifts.count], to: path)
        }
    }

    /// Writes CSV to any sink, about 64 KiB at a time.
    public static func writeCSV(_ predictions: Predictions, to sink: inout some ByteSink) throws(Failure) {
        try write(predictions, form: .csv, to: &sink)
    }

    private static func writeText(
        _ predictions: Predictions, to path: String, form: PredictionEncoder.Form, through gzip: GzipStream? = nil
    ) throws(Failure) {
        var sink = FileSink(file: try AtomicFile(path: path), gzip: gzip)
        do {
            try write(predictions, form: form, to: &sink)
            if let gzip { try sink.file.write(gzip.finish()) }
            try sink.file.commit()
        } catch {
            sink.file.abandon()
            throw error
        }
    }

    private static func write(
        _ predictions: Predictions, form: PredictionEncoder.Form, to sink: inout some ByteSink
    ) throws(Failure) {
        let blockSize = 1 << 16
        let encoder = PredictionEncoder(
            form: form, calibration: predictions.calibration, magnitudes: predictions.magnitudeColumns)
        var bytes = encoder.header
        bytes.reserveCapacity(blockSize + 1024)
        try predictions.forEach { prediction throws(Failure) in
            encoder.append(prediction, to: &bytes)
            guard bytes.count >= blockSize else { return }
            try sink.write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        try sink.write(bytes)
    }

    private struct FileSink: ByteSink {
        let file: AtomicFile
        let gzip: GzipStream?

        func write(_ bytes: [UInt8]) throws(Failure) { try file.write(gzip?.deflate(bytes) ?? bytes) }
    }
}
