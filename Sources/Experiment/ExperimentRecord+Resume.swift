import Runs
import FoundationEssentials
import Platform

/// What to do where the tree already holds an experiment.
public enum ExperimentContinuation: Sendable {
    /// Refuse it.
    case none
    /// Resume the same plan.
    case resume
    /// Add points and runs to it.
    case extend
}

extension ExperimentRecord {
    /// This experiment resumed as `planned`, with its runs.
    /// - Throws: `Failure` where runs of different programs, machines, weights or inputs would be mixed, and for
    /// `resume`
    ///   where the plan differs.
    public func continued(
        as planned: ExperimentRecord, _ continuation: ExperimentContinuation, tree: String
    ) throws(Failure) -> ExperimentRecord {
        let option = continuation == .extend ? "--extend" : "--resume"
        if let difference = try JSONDifference(try identity, try planned.identity) {
            throw Failure(
                "\(tree): \(option): the experiment there is another one: \(difference.text); name another folder")
        }
        var record = self
        if continuation == .extend {
            var plan = plan
            for point in planned.points {
                if let present = points.first(where: { $0.path == point.path }), !present.isSame(as: point) {
                    let difference = try JSONDifference(try Self.json(present), try Self.json(point))
                    throw Failure("\(tree): \(option): \(point.path): \(difference?.text ?? "is another point there")")
                }
                plan.add(point)
            }
            record.points = plan.points
        } else if let difference = try JSONDifference(try Self.json(points), try Self.json(planned.points)) {
            throw Failure(
                "\(tree): \(option): the plan there is another one: points\(difference.text); repeat its command, or "
                    + "add to it with --extend")
        }
        record.isWarmedUp = isWarmedUp && planned.isWarmedUp
        return record
    }

    /// The properties that runs must share to be comparable.
    private var identity: JSONValue {
        get throws(Failure) {
            .object([
                "cai": try Self.json(cai), "machine": try Self.json(machine.essence),
                "weights": try Self.json(
                    Weights(name: weights.sha256 == nil ? weights.name : nil, sha256: weights.sha256)),
                // Without folders: the same files may be named from elsewhere.
                "inputs": try Self.json(
                    inputs.map { input in
                        let isHere = !input.name.hasPrefix("s3://")
                        let name = isHere ? input.name.split(separator: "/").last.map(String.init) : nil
                        return Input(name: name ?? input.name, galaxies: input.galaxies)
                    }),
                "repeat": .bool(isRepeated), "predictions": .bool(keepsPredictions),
            ])
        }
    }

    private static func json(_ value: some Encodable) throws(Failure) -> JSONValue {
        try JSONValue.parse(try JSONFile.encoded(value), name: RunKeys.experimentName)
    }
}

/// The first difference of two JSON values.
struct JSONDifference: Equatable {
    /// Its path, such as `.weights.sha256` or `[3].batch_size`; empty for the whole value.
    let place: String
    let expected: String
    let found: String

    /// nil where they are equal.
    init?(_ expected: JSONValue, _ found: JSONValue) throws(Failure) {
        guard let (place, old, new) = Self.first(expected, found, at: "") else { return nil }
        self.place = place
        self.expected = try Self.shown(old)
        self.found = try Self.shown(new)
    }

    var text: String {
        "\(place.hasPrefix(".") ? String(place.dropFirst()) : place): expected \(expected), found \(found)"
    }

    private static func first(_ old: JSONValue, _ new: JSONValue, at place: String) -> (String, JSONValue, JSONValue)? {
        switch (old, new) {
        case (.object(let old), .object(let new)):
            for key in Set(old.keys).union(new.keys).sorted() {
                let difference = first(old[key] ?? .null, new[key] ?? .null, at: place + "." + key)
                if let difference { return difference }
            }
            return nil
        case (.array(let old), .array(let new)):
            for index in 0..<min(old.count, new.count) {
                if let difference = first(old[index], new[index], at: "\(place)[\(index)]") { return difference }
            }
            return old.count == new.count ? nil : (place, .integer(old.count), .integer(new.count))
        default: return old == new ? nil : (place, old, new)
        }
    }

    private static func shown(_ value: JSONValue) throws(Failure) -> String {
        if value == .null { return "none" }
        return String(decoding: try value.encoded(), as: UTF8.self).shortened()
    }
}
