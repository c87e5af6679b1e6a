extension [String: String] {
    /// The first of these environment variables that is set and not empty.
    package func set(_ variables: String...) -> String? {
        variables.lazy.compactMap { self[$0] }.first { !$0.isEmpty }
    }
}
