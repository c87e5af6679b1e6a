import FoundationEssentials

/// Times as AWS writes them.
extension Date {
    /// `20130524T000000Z`: the date of a request. Between 1970 and 9999.
    var basicUTC: String {
        formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted))
    }

    /// Of `2030-01-02T03:04:05Z`, with or without a fraction of a second; nil for any other string, and before 1970.
    init?(extendedUTC text: String) {
        let seconds = text.prefix(19) + "Z"
        let fraction = text.dropFirst(19).dropLast()
        // Foundation also accepts dates that are not in the calendar, other time zones and trailing characters.
        guard text.last == "Z", let date = try? Date(String(seconds), strategy: .iso8601),
            date.formatted(.iso8601) == seconds, date.timeIntervalSince1970 >= 0,
            fraction.isEmpty || fraction.first == "." && fraction.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber })
        else { return nil }
        self = date + (Double("0" + fraction) ?? 0)
    }
}
