import FoundationEssentials

/// Times as AWS writes them.
extension Date {
    /// `20130524T000000Z`: the date of a request. Between 1970 and 9999.
    var basicUTC: String {
        formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted))
    }

    /// Of `2030-01-02T03:04:05Z`, with or without a fraction of a second, or with the distance from UTC instead of the Z,
    /// such as `+02:00`; nil for any other string, and for times before 1970 and after 9999.
    init?(extended text: String) {
        let seconds = text.prefix(19) + "Z"
        let fraction = text.dropFirst(19).prefix { $0 == "." || $0.isASCII && $0.isNumber }
        // Foundation also accepts dates that are not in the calendar and trailing characters.
        guard let date = try? Date(String(seconds), strategy: .iso8601), date.formatted(.iso8601) == seconds,
            fraction.isEmpty || fraction.first == "." && !fraction.dropFirst().contains("."),
            let zone = Self.zone(text.dropFirst(19 + fraction.count))
        else { return nil }
        self = date + (Double("0" + fraction) ?? 0) - zone
        guard (0..<253_402_300_800).contains(timeIntervalSince1970) else { return nil }
    }

    /// Seconds that are added to UTC by `Z` or `+hh:mm`.
    private static func zone(_ text: Substring) -> Double? {
        guard text != "Z" else { return 0 }
        let (sign, parts) = (text.first, text.dropFirst().split(separator: ":", omittingEmptySubsequences: false))
        let numbers = parts.compactMap { $0.utf8.count == 2 && $0.utf8.allSatisfy(\.isDigit) ? Double($0) : nil }
        guard sign == "+" || sign == "-", parts.count == 2, numbers.count == 2, numbers[0] < 24, numbers[1] < 60 else {
            return nil
        }
        return (sign == "-" ? -1 : 1) * (numbers[0] * 3600 + numbers[1] * 60)
    }
}
