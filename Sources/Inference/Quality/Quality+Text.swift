import Platform

/// A measure for display: its name, its value and its description.
public struct MeasureLine: Sendable, Equatable {
    public let name: String
    /// nil where the measure is undefined.
    public let value: Double?
    public let meaning: String

    /// The value with five significant digits, or `undefined`.
    public var valueText: String { value.map(Decimals.significant) ?? "undefined" }
}

extension ReferenceQuality {
    /// The measures in the order in which the reference publishes them.
    public var lines: [MeasureLine] {
        [
            MeasureLine(name: "MAE", value: meanAbsoluteError, meaning: "mean |zp - zs|"),
            MeasureLine(name: "MSE", value: meanSquaredError, meaning: "mean (zp - zs)^2"),
            MeasureLine(name: "Bias", value: bias, meaning: "mean dz"),
            MeasureLine(name: "Precision", value: precision, meaning: "1.48 median |dz - median dz|"),
            MeasureLine(name: "R2", value: r2, meaning: "1 - residual / total variance of zs"),
        ]
    }
}

extension FieldQuality {
    /// The measures in the literature's usual order.
    public var lines: [MeasureLine] {
        [
            MeasureLine(name: "sigma_MAD", value: sigmaMAD, meaning: "1.4826 median |dz - median dz|"),
            MeasureLine(name: "median bias", value: medianBias, meaning: "median dz"),
            MeasureLine(name: "sigma_IQR", value: sigmaIQR, meaning: "IQR(dz) / 1.349"),
            MeasureLine(name: "outliers 0.05", value: outliersAbove005, meaning: "fraction with |dz| > 0.05"),
            MeasureLine(name: "outliers 0.15", value: outliersAbove015, meaning: "fraction with |dz| > 0.15"),
            MeasureLine(
                name: "outliers 3s", value: outliersAboveThreeSigma,
                meaning: "fraction with |dz| > max(0.06, 3 sigma_IQR)"),
        ]
    }
}

extension Quality {
    /// Both families, labelled, one measure a line, ending with a line break.
    public var text: String {
        var text = "\(galaxies) \(galaxies == 1 ? "galaxy" : "galaxies"), dz = (zp - zs) / (1 + zs)\n"
        if skipped > 0 { text += "\(skipped) skipped: a redshift is not finite\n" }
        text += "reference measures (AstroMAE, CAI)\n" + Self.table(reference.lines)
        text += "field measures (photometric-redshift literature)\n" + Self.table(field.lines)
        return text
    }

    private static func table(_ lines: [MeasureLine]) -> String {
        lines.map { "  " + padded($0.name, to: 14) + padded($0.valueText, to: 13) + $0.meaning + "\n" }.joined()
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
