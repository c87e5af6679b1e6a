import Inference
import Platform

/// What the rows of a run's partitions are called: the same whatever rank a partition falls to.
struct ObjectLabelTable {
    private let labels: [String: String]

    /// - Parameter keys: of all of the run's partitions, each as often as it is handed out.
    init(keys: [String]) {
        let keys = Set(keys).sorted()
        labels = Dictionary(uniqueKeysWithValues: zip(keys, ObjectLabels.labels(for: keys)))
    }

    /// The labels of a rank's partitions, where the rank could not tell them from its own keys; else nil.
    func labelsToTell(of keys: [String]) -> [String]? {
        let own = keys.map { labels[$0] ?? $0 }
        return own == ObjectLabels.labels(for: keys) ? nil : own
    }

    /// - Throws: `Failure` for a key twice, and keys that differ in empty folders alone, which no label could tell
    ///   apart.
    static func check(_ keys: [String], name: String) throws(Failure) {
        var first: [[Substring]: String] = [:]
        for key in keys {
            let components = key.split(separator: "/")
            guard !components.isEmpty else { throw Failure("\(name): expected a partition's key, found '\(key)'") }
            if let earlier = first.updateValue(key, forKey: components) {
                throw Failure(
                    "\(name): expected partitions that can be told apart, found '\(earlier)' and '\(key)'")
            }
        }
    }
}
