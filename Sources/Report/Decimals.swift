import Glibc

/// Numbers as people read them. Files of predictions do not use these: they hold every digit.
public enum Decimals {
    /// Five significant digits: 0.012520, 0.00029700, 1.2500e-07.
    public static func significant(_ value: Double) -> String { text("%#.5g", value) }

    /// A fixed number of decimals.
    public static func fixed(_ value: Double, _ decimals: Int) -> String { text("%.\(max(0, decimals))f", value) }

    /// C's format for one number: at most 309 digits before the point.
    private static func text(_ format: String, _ value: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 512)
        let count = unsafe withVaList([value]) { arguments in
            unsafe vsnprintf(&buffer, buffer.count, format, arguments)
        }
        let written = max(0, min(Int(count), buffer.count - 1))
        return String(decoding: buffer[..<written].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
