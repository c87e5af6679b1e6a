import Platform

/// The names of a file's columns or arrays, and which of them the options name: a default never takes one of these.
///
/// A name in its exact case comes first; in formats that ignore case, any case after it. A name that several columns have
/// is an error where it is asked for, and their other names choose one.
struct NameLookup {
    struct Item {
        let name: String
        /// Other names, which are unique where names repeat: `z:7` is column 7 of the name z.
        var aliases: [String] = []
    }

    let file: String
    private let items: [Item]
    private let ignoresCase: Bool
    /// The option that names an item.
    private var options: [Int: String] = [:]

    init(file: String, _ items: [Item], ignoresCase: Bool) {
        (self.file, self.items, self.ignoresCase) = (file, items, ignoresCase)
    }

    /// Records what the options name.
    /// - Throws: `Failure` where two options, or one twice, name the same item.
    mutating func take(_ layout: GalaxyLayout) throws(Failure) {
        let named: [(String, [String?])] = [
            ("--images", [layout.images]), ("--magnitudes", layout.magnitudes), ("--redshifts", [layout.redshifts]),
            ("--object-id", [layout.objectIDs]),
        ]
        for (option, names) in named {
            for name in names.compactMap(\.self) {
                let found = matches(name)
                for index in found {
                    guard let other = options.updateValue(option, forKey: index), found.count == 1 else { continue }
                    throw Failure(
                        file,
                        "\(items[index].name.shortened(to: 40)): is named by \(other) and by \(option): expected one role for each"
                    )
                }
            }
        }
    }

    /// The option that names an item; nil for none.
    func option(_ index: Int) -> String? { options[index] }

    /// The items of that name.
    func matches(_ name: String) -> [Int] {
        let exact = exactMatches(name)
        return exact.isEmpty && ignoresCase ? matches(anyCase: name) : exact
    }

    private func matches(anyCase name: String) -> [Int] {
        let wanted = name.lowercased()
        return items.indices.filter { index in
            items[index].name.lowercased() == wanted || items[index].aliases.contains { $0.lowercased() == wanted }
        }
    }

    /// Names that differ in case alone: which of them are magnitudes is not known.
    private func mixed(_ found: some Sequence<Int>) -> Failure {
        let names = found.map { items[$0].name.shortened(to: 40) }.joined(separator: ", ")
        return Failure(file, "magnitudes: \(names) differ in case alone: name one for each band by --magnitudes")
    }

    private func exactMatches(_ name: String) -> [Int] {
        items.indices.filter { items[$0].name == name || items[$0].aliases.contains(name) }
    }

    /// The item of a name that an option gives; nil where there is none.
    /// - Throws: `Failure` where there are several.
    func index(of name: String) throws(Failure) -> Int? { try one(name, matches(name)) }

    /// The first of the usual names that is there, and that no option names.
    /// - Throws: `Failure` where there are several of that name.
    func usual(_ names: [String]) throws(Failure) -> Int? {
        for name in names {
            if let found = try one(name, matches(name).filter { options[$0] == nil }) { return found }
        }
        return nil
    }

    private func one(_ name: String, _ found: [Int]) throws(Failure) -> Int? {
        guard found.count > 1 else { return found.first }
        let others = found.map { index in
            let item = items[index]
            return ([item.name] + item.aliases).first { exactMatches($0).count == 1 } ?? item.name
        }
        throw Failure(
            file,
            "\(name.shortened(to: 40)): is there \(found.count) times, as \(others.map { $0.shortened(to: 40) }.joined(separator: " and ")): "
                + "name one of these")
    }

    // MARK: Magnitudes, a column for each band

    /// The columns of magnitudes under their usual names, in the network's order: `mag_u`, or the bare letters, all in one
    /// case. nil where fewer than three of a set are there.
    /// - Throws: `Failure` where a set is there in part: magnitudes from elsewhere would replace those that were meant.
    func magnitudes(_ bands: String, isColumn: (Int) -> Bool) throws(Failure) -> [Int]? {
        let letters = bands.map(String.init)
        func columns(_ found: [Int]) -> [Int] { found.filter { options[$0] == nil && isColumn($0) } }
        let usual = letters.map { "mag_" + $0 }
        let exact = usual.map { columns(exactMatches($0)) }
        if exact.allSatisfy({ !$0.isEmpty }) { return try set(usual, exact) }
        let prefixed = usual.map { columns(ignoresCase ? matches(anyCase: $0) : exactMatches($0)) }
        guard prefixed.allSatisfy({ $0.count < 2 }) else { throw mixed(prefixed.joined()) }
        if let found = try set(usual, prefixed) { return found }
        for names in [letters, letters.map { $0.uppercased() }] where names == letters || ignoresCase {
            let found = names.map { columns(exactMatches($0)) }
            if found.allSatisfy({ !$0.isEmpty }) { return try set(names, found) }
        }
        let bare = letters.map { columns(exactMatches($0)) }
        return try set(letters, bare, otherCase: letters.map { columns(matches($0)) })
    }

    /// The columns that `--magnitudes` names; nil where fewer than three of several, or not the only one, are there.
    /// - Throws: `Failure` where some are missing.
    func magnitudes(named names: [String]) throws(Failure) -> [Int]? {
        let found = names.map { matches($0) }
        if names.count == 1, found[0].isEmpty { return nil }
        return try set(names, found)
    }

    private func set(_ names: [String], _ found: [[Int]], otherCase: [[Int]]? = nil) throws(Failure) -> [Int]? {
        let all = otherCase ?? found
        let there = names.indices.filter { !all[$0].isEmpty }
        guard found.contains(where: \.isEmpty) else {
            var set: [Int] = []
            for (name, columns) in zip(names, found) { if let index = try one(name, columns) { set.append(index) } }
            return set
        }
        guard there.count >= Self.nearlyAll else { return nil }
        func list(_ indices: [Int]) -> String { indices.map { names[$0].shortened(to: 40) }.joined(separator: ", ") }
        let missing = names.indices.filter { found[$0].isEmpty }
        let others = missing.flatMap { all[$0] }.map { items[$0].name.shortened(to: 40) }
        let doubt =
            others.isEmpty
            ? ""
            : "; \(others.joined(separator: ", ")) may be magnitudes or something else, such as a redshift"
        throw Failure(
            file,
            "magnitudes: expected columns \(list(Array(names.indices))), found \(list(names.indices.filter { !found[$0].isEmpty }))"
                + " but not \(list(missing)), among \(listed())\(doubt): name one for each band by --magnitudes")
    }

    /// As many columns of a set are not there by chance.
    private static let nearlyAll = 3

    /// The first names, for error messages.
    func listed(_ count: Int = 12) -> String {
        let names = items.prefix(count).map { $0.name.isEmpty ? "one array" : $0.name.shortened(to: 40) }
        return names.isEmpty
            ? "nothing" : names.joined(separator: ", ") + (items.count > count ? ", ... (\(items.count))" : "")
    }

    /// Whether a name is one that surveys give to ids: `objid`, `specObjID`, `source_id`, `name`.
    static func looksLikeID(_ name: String) -> Bool {
        let last = (name.split(whereSeparator: { $0 == "/" || $0 == "." }).last.map(String.init) ?? name).lowercased()
        return last == "id" || last == "name" || last == "objname" || last == "designation" || last == "iauname"
            || ["_id", "objid", "objectid", "sourceid", "targetid", "galid", "obj_id"].contains { last.hasSuffix($0) }
    }

    /// The names that look like ids.
    var idNames: [String] { items.map(\.name).filter(Self.looksLikeID) }
}
