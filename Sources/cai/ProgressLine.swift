import Inference
import Report

/// One line on a terminal that is written over and over, and wiped in the end; silent where nobody watches.
struct ProgressLine {
    private let isShown: Bool
    private let start = ContinuousClock.now

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func show(_ progress: Progress) {
        guard isShown else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        Console.write("\r" + Self.text(progress, seconds: seconds) + "\u{1B}[K")
    }

    func wipe() {
        if isShown { Console.write("\r\u{1B}[K") }
    }

    /// `1,280 of 659,857 galaxies, 412/s, 26:37 left`
    static func text(_ progress: Progress, seconds: Double) -> String {
        let count = "\(Numbers.grouped(progress.done)) of \(Numbers.grouped(progress.total)) galaxies"
        guard progress.done > 0, seconds > 0 else { return count }
        let rate = Double(progress.done) / seconds
        let left = Double(progress.total - progress.done) / rate
        return "\(count), \(Decimals.fixed(rate, 0))/s, \(Numbers.clock(left)) left"
    }
}

enum Numbers {
    /// 1,234,567
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
        return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// Seconds as 0:07, 12:30, 3:05:00.
    static func clock(_ seconds: Double) -> String {
        let whole = seconds.isFinite ? Int(min(max(0, seconds.rounded(.up)), 1e9)) : 0
        func padded(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        return (hours > 0 ? "\(hours):\(padded(minutes))" : "\(minutes)") + ":" + padded(whole % 60)
    }

    /// Bytes as 640 B, 64.1 MB: powers of 1000.
    static func bytes(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 999.95 { return unit == "B" ? "\(count) B" : "\(Decimals.fixed(value, 1)) \(unit)" }
            value /= 1000
        }
        return "\(Decimals.fixed(value, 1)) TB"
    }
}
