/// Indices of measures among the lines of both families.
enum Measure {
    static let meanAbsoluteError = 0
    static let bias = 2
    static let r2 = 4
    static let sigmaMAD = 5
    static let medianBias = 6
    static let outliersAbove005 = 8
    static let outliersAbove015 = 9
    static let outliersAboveThreeSigma = 10
}
