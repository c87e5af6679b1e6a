/// Text and numbers in SVG and HTML.
enum Markup {
    /// Text with `&`, `<`, `>` and quotes replaced, for use between tags and in attributes. Characters that XML
    /// excludes (most controls) become U+FFFD.
    static func escape(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
            // Some readers interpret the C1 controls as letters of an old encoding, others refuse them.
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{FFFE}"..."\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A coordinate to a hundredth, in the fewest characters: 12, 12.5, -0.03. A number that is not finite is 0;
    /// coordinates are clamped to a million.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let hundredths = Int((min(max(value, -1e6), 1e6) * 100).rounded())
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        if rest.isMultiple(of: 10) { return "\(sign)\(whole).\(rest / 10)" }
        return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Coordinates as attributes: `x="12" y="0.5"`.
    static func attributes(_ values: (name: String, value: Double)...) -> String {
        values.map { "\($0.name)=\"\(number($0.value))\"" }.joined(separator: " ")
    }

    /// A name for an element: letters, digits and hyphens of `text`, in lower case. Never empty.
    static func identifier(_ text: String) -> String {
        var result = ""
        for scalar in text.lowercased().unicodeScalars {
            if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else if !result.isEmpty, !result.hasSuffix("-") {
                result += "-"
            }
        }
        while result.hasSuffix("-") { result.removeLast() }
        return result.first?.isLetter == true ? result : "x" + result
    }
}
