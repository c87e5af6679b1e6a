/// Seconds since 1970 as the services write them, and back.
enum UTCTime {
    /// `20130524T000000Z`: a request's date.
    static func compact(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 253_402_300_799).rounded(.down))
        let (year, month, day) = date(whole / 86400)
        let second = whole % 86400
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(year, 4) + padded(month) + padded(day) + "T" + padded(second / 3600)
            + padded(second / 60 % 60) + padded(second % 60) + "Z"
    }

    /// Of `2030-01-02T03:04:05Z`, with a fraction or without; nil for anything else.
    static func parse(_ text: String) -> Double? {
        guard text.utf8.last == UInt8(ascii: "Z") else { return nil }
        let parts = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let day = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        let clock = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard day.count == 3, clock.count == 3, let year = day[0], let month = day[1], let date = day[2],
            let hour = Int(clock[0]), let minute = Int(clock[1]), let second = Double(clock[2]),
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(date), (0...23).contains(hour),
            (0...59).contains(minute), (0..<61).contains(second)
        else { return nil }
        return Double(days(year, month, date) * 86400 + hour * 3600 + minute * 60) + second
    }

    // Both count in eras of 400 years that begin with a March, so that the leap day ends the year (Howard Hinnant,
    // "chrono-Compatible Low-Level Date Algorithms").
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.quotientAndRemainder(dividingBy: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
