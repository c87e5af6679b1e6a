import Inference
import Platform

/// The labels of a run's partitions, as predictions name them: they do not depend on which rank runs a partition.
struct ObjectLabelTable {
    private let labels: [String: String]

    /// - Parameter keys: of all partitions of the run, each as often as it is assigned.
    init(keys: [String]) {
        let keys = Set(keys).sorted()
        labels = Dictionary(uniqueKeysWithValues: zip(keys, ObjectLabels.labels(for: keys)))
    }

    /// The labels of a rank's partitions, where they do not follow from the rank's own keys; else nil.
    func labelsToTell(of keys: [String]) -> [String]? {
        let own = keys.map { labels[$0] ?? $0 }
        return own == ObjectLabels.labels(for: keys) ? nil : own
    }

    /// - Throws: `Failure` for a repeated key, and for keys that differ in empty folders only: their labels would be the same.
    static func check(_ keys: [String], name: String) throws(Failure) {
        var first: [[Substring]: String] = [:]
        for key in keys {
            let components = key.split(separator: "/")
            guard !components.isEmpty else { throw Failure("\(name): expected a partition's key, found '\(key)'") }
            if let earlier = first.updateValue(key, forKey: components) {
                throw Failure("\(name): expected partitions with distinct names, found '\(earlier)' and '\(key)'")
            }
        }
    }
}
