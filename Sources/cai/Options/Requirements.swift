import ArgumentParser

/// Refuses an empty name: it is the value of an unset variable in a script.
func requireName(_ value: String, of argument: String) throws {
    guard value.isEmpty else { return }
    throw ValidationError("\(argument): expected a name, found ''")
}

/// Refuses options that have no effect without another one.
/// - Parameters:
///   - other: the option that they need.
///   - options: whether each was given.
func require(_ other: String, isGiven: Bool, by options: KeyValuePairs<String, Bool>) throws {
    guard !isGiven, let option = options.first(where: \.value) else { return }
    throw ValidationError("\(option.key): expected \(other) with it")
}

/// Refuses a number outside `range`; nil is an option that was not given.
func requireNumber(_ value: Int?, of argument: String, in range: ClosedRange<Int> = 1...Int.max) throws {
    guard let value, !range.contains(value) else { return }
    let expected =
        range.upperBound == Int.max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    throw ValidationError("\(argument): expected \(expected), found \(value)")
}
