import Platform
import TensorFiles

/// Numbers that stand for "no value": what surveys write where a magnitude, a redshift or a pixel is unknown.
///
/// A value counts as missing where it equals one of them as the file's type rounds it: -9999 is -10000 in float16. What a
/// file itself states (masks, TNULL, fill values) is NaN before this list is used.
public struct MissingValues: Sendable, Equatable {
    /// Of magnitudes and spectroscopic redshifts.
    public let values: [Double]
    /// Of pixels: so large that no calibrated image has them.
    public let pixels: [Double]

    /// Values that surveys and file formats write; the last is netCDF's default fill value.
    public static let usual = MissingValues(
        values: [-9999, -999, -99, -9, 99, 999, 9999, 99.99] + large + [9.969_209_968_386_869e36], pixels: large)
    public static let none = MissingValues(values: [], pixels: [])

    private static let large = [1e20, -1e20, 1e30, -1e30]

    private init(values: [Double], pixels: [Double]) { (self.values, self.pixels) = (values, pixels) }

    /// - Parameter list: numbers between commas, which replace those of magnitudes and redshifts; `none` for no number at
    ///   all, of pixels neither.
    /// - Throws: `Failure` for anything that is not a finite number.
    public init(_ list: String) throws(Failure) {
        guard list != "none" else { self = .none; return }
        var values: [Double] = []
        for field in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Double(field.filter { $0 != " " }), value.isFinite else {
                throw Failure("missing", "expected numbers between commas, or none, found \(list.quoted)")
            }
            values.append(value)
        }
        self.init(values: values, pixels: Self.large)
    }

    /// The list as `init(_:)` reads it: `-9999,-999,99.99`, or `none`.
    public var text: String { values.isEmpty ? "none" : values.map(Self.text).joined(separator: ",") }

    /// A value, and the float32 that is read where a file has it.
    struct Stored: Sendable {
        let value: Double
        let stored: Float
    }

    /// - Parameter types: of the magnitudes in the file.
    func magnitudes(storedAs types: [DType]) -> [Stored] { Self.stored(values, as: types) }

    /// - Parameter types: of the pixels in the file.
    func pixels(storedAs types: [DType]) -> [Stored] { Self.stored(pixels, as: types) }

    /// A value that a type cannot hold is not in the file.
    private static func stored(_ values: [Double], as types: [DType]) -> [Stored] {
        Set(types).flatMap { type in values.map { Stored(value: $0, stored: Float(type.rounded($0))) } }
            .filter { $0.stored.isFinite }
    }

    /// Whether a number is at least as large as the smallest of `missing`: pixels of most images are far below.
    static func mayHold(_ missing: [Stored], _ values: Span<Float>) -> Bool {
        guard let least = missing.map({ abs($0.stored) }).min() else { return false }
        return values.largestBits >= least.bitPattern
    }

    /// Replaces missing values by NaN.
    static func erase(_ missing: [Stored], in values: inout [Float]) {
        guard !missing.isEmpty else { return }
        for index in values.indices where missing.contains(where: { $0.stored == values[index] }) {
            values[index] = .nan
        }
    }

    /// The value that a redshift has, as it is or rounded to float32 or one of the file's types; nil for none.
    func value(of redshift: Double, storedAs types: [DType]) -> Double? {
        values.first { value in
            value == redshift || Double(Float(value)) == redshift || types.contains { $0.rounded(value) == redshift }
        }
    }

    /// Whether a number stands for none, as it is or rounded to float32.
    public func contains(_ number: Double) -> Bool { value(of: number, storedAs: []) != nil }

    /// `-9999`, `99.99`, `1e+20`.
    static func text(_ value: Double) -> String {
        Int(exactly: value).flatMap { abs($0) < 1_000_000 ? String($0) : nil } ?? value.description
    }
}

/// Why a spectroscopic redshift counts as unknown.
public enum UnknownRedshift: Hashable, Sendable {
    case absent, notFinite, negative, missing(Double)

    /// nil for a known redshift.
    /// - Parameters:
    ///   - redshift: NaN if it is absent.
    ///   - types: of the redshifts in the file.
    public init?(_ redshift: Double, _ missing: MissingValues, storedAs types: [DType] = []) {
        if redshift.isNaN {
            self = .absent
        } else if !redshift.isFinite {
            self = .notFinite
        } else if let value = missing.value(of: redshift, storedAs: types) {
            self = .missing(value)
        } else if redshift <= -1 {
            self = .negative
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .absent: "absent"
        case .notFinite: "infinite"
        case .negative: "at most -1"
        case .missing(let value): MissingValues.text(value)
        }
    }
}

/// The number of spectroscopic redshifts that count as unknown, by reason.
public struct UnknownRedshifts: Sendable, Equatable {
    public private(set) var count = 0
    private var reasons: [UnknownRedshift: Int] = [:]

    public init() {}

    public mutating func insert(_ reason: UnknownRedshift) {
        count += 1
        reasons[reason, default: 0] += 1
    }

    /// `12 skipped, their z_spec is unknown: 10 with z_spec -9999, 2 with z_spec absent`
    public var summary: String { "\(count) skipped, their z_spec is unknown: \(text)" }

    /// `10 with z_spec -9999, 2 with z_spec absent`, the most frequent first; empty for none.
    public var text: String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) with z_spec \($0.key)" }
            .joined(separator: ", ")
    }

    /// The number of galaxies for each reason: `-9999`, `absent`, `infinite`, `at most -1`.
    public var counts: [String: Int] {
        Dictionary(uniqueKeysWithValues: reasons.map { ($0.key.text, $0.value) })
    }
}
