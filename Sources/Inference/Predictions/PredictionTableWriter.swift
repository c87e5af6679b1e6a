import Platform
import TensorFiles

/// Writes predictions as typed columns: FITS or HDF5.
struct PredictionTableWriter {
    let predictions: Predictions
    let provenance: Provenance?
    private static let blockSize = 4096

    func writeFITS(to path: String) throws(Failure) {
        let columns = try columns { FITSTableWriter.width(of: $0) }
        try write { () throws(Failure) in
            try FITSTableWriter(
                path: path, name: "PREDICTIONS", columns: columns, rows: predictions.redshifts.count,
                notes: provenance?.notes ?? [])
        }
    }

    func writeHDF5(to path: String) throws(Failure) {
        let columns = try columns { $0.utf8.count }
        try write { () throws(Failure) in
            try HDF5TableWriter(
                path: path, columns: columns, rows: predictions.redshifts.count, notes: provenance?.notes ?? [])
        }
    }

    /// The columns of the CSV. Strings have the width of the widest one, so ids are read twice.
    private func columns(_ width: (String) -> Int) throws(Failure) -> [TableColumn] {
        var (ids, sources) = (1, 1)
        try predictions.forEach { prediction throws(Failure) in
            ids = max(ids, width(prediction.objectID))
            sources = max(sources, width(prediction.source))
        }
        return [
            TableColumn("object_id", .text(width: ids), description: "the galaxy's id"),
            TableColumn("source", .text(width: sources), description: "the file that it is in"),
            TableColumn("row", .int64, description: "its row there, from 0"),
            TableColumn("z_phot", .float32, unit: "", description: "predicted redshift"),
            TableColumn("z_spec", .float64, unit: "", description: "known redshift; NaN where it is not known"),
            TableColumn("flags", .int64, description: "why z_phot is NaN; 0 where it is not"),
        ]
            + predictions.magnitudeColumns.map {
                TableColumn($0, .float32, unit: "mag", description: "magnitude; NaN where it is missing")
            }
            + (predictions.calibration?.levels ?? []).flatMap { level in
                [
                    TableColumn(
                        "z_low_\(level.name)", .float32, unit: "", description: "lower end, \(level.text) interval"),
                    TableColumn(
                        "z_high_\(level.name)", .float32, unit: "", description: "upper end, \(level.text) interval"),
                ]
            }
    }

    private func write(_ begin: () throws(Failure) -> some TableWriter) throws(Failure) {
        var writer = try begin()
        do {
            var block = Block(predictions)
            try predictions.forEach { prediction throws(Failure) in
                block.append(prediction)
                if block.count == Self.blockSize { try flush(&block, to: &writer) }
            }
            try flush(&block, to: &writer)
            try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func flush(_ block: inout Block, to writer: inout some TableWriter) throws(Failure) {
        let values = block.values
        block = Block(predictions)
        try writer.append(values)
    }

    private struct Block {
        private var ids: [String] = []
        private var sources: [String] = []
        private var rows: [Int] = []
        private var zPhot: [Float] = []
        private var zSpec: [Double] = []
        private var flags: [Int] = []
        /// One array a band.
        private var magnitudes: [[Float]]
        private var intervals: [[(low: Float, high: Float)]] = []
        private let calibration: Calibration?

        init(_ predictions: Predictions) {
            calibration = predictions.calibration
            magnitudes = predictions.magnitudeColumns.map { _ in [] }
        }

        var count: Int { ids.count }
        var values: [TableValues] {
            let ends = (calibration?.levels ?? []).indices.flatMap { level in
                [TableValues.floats(intervals.map { $0[level].low }), .floats(intervals.map { $0[level].high })]
            }
            return [.texts(ids), .texts(sources), .integers(rows), .floats(zPhot), .doubles(zSpec), .integers(flags)]
                + magnitudes.map { .floats($0) } + ends
        }

        mutating func append(_ prediction: Prediction) {
            ids.append(prediction.objectID)
            sources.append(prediction.source)
            rows.append(prediction.row)
            zPhot.append(prediction.zPhot)
            zSpec.append(prediction.zSpec ?? .nan)
            flags.append(Int(prediction.flags.rawValue))
            for (band, magnitude) in prediction.magnitudes.enumerated() { magnitudes[band].append(magnitude) }
            if let calibration { intervals.append(calibration.intervals(prediction)) }
        }
    }
}
