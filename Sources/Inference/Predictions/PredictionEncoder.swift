import Platform

/// Encodes predictions as rows of text.
///
/// Numbers are in the shortest decimal form that reads back as the same number (z_phot as a float32, z_spec as a
/// float64), with an exponent below 1e-4 (`5e-05`) and for large values. In CSV a missing z_phot is `nan`, as
/// NumPy and pandas read it; an infinite z_spec is `inf` or `-inf`. Flags are a decimal number.
public struct PredictionEncoder {
    /// The header of a CSV file.
    public static let columns = PredictionColumn.allCases.map(\.rawValue).joined(separator: ",")

    enum Form: Sendable {
        case csv, jsonLines
    }

    private let form: Form
    private let calibration: Calibration?
    /// The columns of magnitudes, then those of intervals.
    private let addedColumns: [String]

    /// - Parameters:
    ///   - calibration: adds the columns of its intervals; nil for none.
    ///   - magnitudes: names of the magnitudes that rows have.
    init(form: Form, calibration: Calibration? = nil, magnitudes: [String] = []) {
        (self.form, self.calibration) = (form, calibration)
        addedColumns = magnitudes + (calibration?.columns ?? [])
    }

    /// The bytes before the first row.
    var header: [UInt8] {
        let columns = [Self.columns] + addedColumns
        return form == .csv ? Array((columns.joined(separator: ",") + "\n").utf8) : []
    }

    /// Appends a row.
    func append(_ prediction: Prediction, to bytes: inout [UInt8]) {
        switch form {
        case .csv:
            DelimitedText.append(prediction.objectID, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            DelimitedText.append(prediction.source, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            bytes += prediction.row.description.utf8
            bytes.append(UInt8(ascii: ","))
            bytes += prediction.zPhot.description.utf8
            bytes.append(UInt8(ascii: ","))
            if let zSpec = prediction.zSpec { bytes += zSpec.description.utf8 }
            bytes.append(UInt8(ascii: ","))
            bytes += prediction.flags.rawValue.description.utf8
            for magnitude in prediction.magnitudes { bytes += ",\(magnitude)".utf8 }
            for (low, high) in calibration?.intervals(prediction) ?? [] { bytes += ",\(low),\(high)".utf8 }
            bytes.append(UInt8(ascii: "\n"))
        case .jsonLines:
            bytes += "{\"object_id\":".utf8
            Self.appendJSON(prediction.objectID, to: &bytes)
            bytes += ",\"source\":".utf8
            Self.appendJSON(prediction.source, to: &bytes)
            bytes += ",\"row\":".utf8
            bytes += prediction.row.description.utf8
            bytes += ",\"z_phot\":".utf8
            bytes += (prediction.zPhot.isFinite ? prediction.zPhot.description : "null").utf8
            bytes += ",\"z_spec\":".utf8
            bytes += (prediction.zSpec.flatMap { $0.isFinite ? $0.description : nil } ?? "null").utf8
            bytes += ",\"flags\":".utf8
            bytes += prediction.flags.rawValue.description.utf8
            let ends = calibration?.intervals(prediction).flatMap { [$0.low, $0.high] } ?? []
            for (column, value) in zip(addedColumns, prediction.magnitudes + ends) {
                bytes += ",\"\(column)\":\(value.isFinite ? value.description : "null")".utf8
            }
            bytes += "}\n".utf8
        }
    }

    /// Appends a JSON string, quotes included.
    static func appendJSON(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes += "\\u00".utf8
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension Calibration {
    func intervals(_ prediction: Prediction) -> [(low: Float, high: Float)] {
        intervals(prediction.zPhot, magnitude: prediction.binnedMagnitude)
    }
}
