extension Int {
    /// The sum, or `Int.max` where it overflows: numbers from untrusted files must not end the process.
    package func cappedSum(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
