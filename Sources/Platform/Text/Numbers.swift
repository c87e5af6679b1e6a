/// Counts, sizes and durations for people to read.
package enum Numbers {
    /// 1,234,567
    package static func grouped(_ number: Int) -> String { Decimals.grouped(number) }

    /// 1 tensor, 2,000 tensors
    package static func counted(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    /// Seconds as 0:07, 12:30, 3:05:00.
    package static func clock(_ seconds: Double) -> String {
        let whole = seconds.isFinite ? Int(min(max(0, seconds.rounded(.up)), 1e9)) : 0
        func padded(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        return (hours > 0 ? "\(hours):\(padded(minutes))" : "\(minutes)") + ":" + padded(whole % 60)
    }

    /// Bytes as 640 B, 64.1 MB: powers of 1000.
    package static func bytes(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 999.95 { return unit == "B" ? "\(count) B" : "\(Decimals.fixed(value, 1)) \(unit)" }
            value /= 1000
        }
        return "\(Decimals.fixed(value, 1)) TB"
    }

    /// `1,024 galaxies in 5.12 s, 200.0 galaxies/s, 2 threads, avx2, packed`
    package static func speedLine(galaxies: Int, seconds: Double, rate: Double, threads: Int, kernels: String) -> String
    {
        counted(galaxies, "galaxy", "galaxies") + " in \(Decimals.fixed(seconds, 2)) s, "
            + "\(Decimals.fixed(rate, 1)) galaxies/s, " + counted(threads, "thread") + ", " + kernels
    }
}
