import Glibc

/// Resources that this process has used.
struct Usage {
    /// User and system time of all threads, in seconds.
    let seconds: Double
    let pageFaults: Int
    let switches: Int

    static func current() -> Usage {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Usage(
            seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), pageFaults: usage.ru_minflt + usage.ru_majflt,
            switches: usage.ru_nvcsw + usage.ru_nivcsw)
    }

    static func - (later: Usage, earlier: Usage) -> Usage {
        Usage(
            seconds: later.seconds - earlier.seconds, pageFaults: later.pageFaults - earlier.pageFaults,
            switches: later.switches - earlier.switches)
    }
}
