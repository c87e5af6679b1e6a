import FoundationEssentials
import Platform

/// A file of galaxies to run, and the label of its rows.
public struct InputFile: Sendable, Equatable {
    /// The path, spelled as it was given.
    public let path: String
    /// The part of `object_id` before the colon: the file's stem, preceded by as many of its folders as make it unique.
    public let label: String
    /// The path's last component.
    public var source: String { InputList.lastComponent(path) }
}

/// Command-line inputs (files, folders and patterns), expanded to files.
///
/// Arguments keep their order. A folder is expanded to the partition files in it (not in its subfolders), a pattern to
/// its matches, both in natural order (1, 2, 10). The same file twice, under any spelling, is refused: its galaxies'
/// ids would not be unique.
public enum InputList {
    /// Endings of the files in a folder that are partitions. A file given by its own path may have any ending.
    public static let endings = [
        "pt", "pth", "npz", "safetensors", "fits", "fit", "fits.gz", "fit.gz", "fz", "h5", "hdf5",
    ]

    /// The files that the arguments expand to; never empty.
    /// - Parameter elsewhere: returns the files of an argument that is not a path, such as a URL; nil for a path.
    /// - Throws: `Failure.input` for a missing file, a folder without partition files, a pattern without
    ///   matches, and a file given twice.
    public static func expand(
        _ arguments: [String], elsewhere: (String) throws(Failure) -> [String]? = { _ in nil }
    ) throws(Failure) -> [InputFile] {
        var paths: [String] = []
        /// Resolved paths: the same for all spellings of a file.
        var places: [String] = []
        for argument in arguments {
            if let names = try elsewhere(argument) {
                paths += names
                places += names
            } else {
                let found = try files(for: argument)
                paths += found
                places += found.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path }
            }
        }
        guard !paths.isEmpty else { throw Failure("input", "expected at least one file of galaxies") }
        var first: [String: String] = [:]
        for (path, place) in zip(paths, places) {
            if let earlier = first.updateValue(path, forKey: place) {
                throw Failure(path, earlier == path ? "is given twice" : "is given twice, the other time as \(earlier)")
            }
        }
        let labels = ObjectLabels.labels(
            for: zip(paths, places).map { path, place in
                path == place ? place : URL(fileURLWithPath: path).standardizedFileURL.path
            })
        return zip(paths, labels).map { InputFile(path: $0, label: $1) }
    }

    private static func files(for argument: String) throws(Failure) -> [String] {
        if let files = try files(at: argument) { return files }
        guard PathPattern.hasWildcards(argument) else { throw Failure(argument, "no such file or folder") }
        let matches = PathPattern.matches(argument)
        guard !matches.isEmpty else { throw Failure(argument, "the pattern matches no file") }
        var paths: [String] = []
        for match in matches {
            // A dangling link matches too, and is kept: opening it is an error, and skipping its galaxies silently
            // would be worse.
            paths += try files(at: match) ?? [match]
        }
        return paths
    }

    /// The file itself, or the partitions in the folder; nil where the path does not exist.
    private static func files(at path: String) throws(Failure) -> [String]? {
        guard let isFolder = FileManager.default.isFolder(path) else { return nil }
        return isFolder ? try partitions(in: path) : [path]
    }

    private static func partitions(in folder: String) throws(Failure) -> [String] {
        let expected = endings.map { "." + $0 }.joined(separator: ", ")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw Failure(folder, "the folder cannot be read")
        }
        let prefix = withSlash(folder)
        let paths = names.filter(isPartition)
            .sorted(by: NaturalOrder.precedes)
            .map { prefix + $0 }
            .filter { FileManager.default.isFolder($0) != true }
        guard !paths.isEmpty else {
            let pattern = pattern(below: prefix).map { ": for those in subfolders, give '\($0)'" } ?? ""
            let found = others(in: folder).map { ", found \($0)" } ?? ""
            throw Failure(
                folder, "the folder has no galaxy files (\(expected))\(found); subfolders are not searched\(pattern)")
        }
        return paths
    }

    /// One line for each folder among the arguments that has other files than those that are read.
    public static func others(in arguments: [String]) -> [String] {
        arguments.filter(isFolder).compactMap { folder in
            others(in: folder).map { "\(folder): not read: \($0)" }
        }
    }

    /// The files of a folder that are not read, by their endings, and a pattern that reads them:
    /// `3 other files (2 .csv, 1 .txt): if they are galaxies, give 'data/*.csv'`; nil if there are none.
    private static func others(in folder: String) -> String? {
        let prefix = withSlash(folder)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { !$0.hasPrefix(".") && !$0.hasSuffix(".run.json") && !isPartition($0) && !isFolder(prefix + $0) }
            .sorted(by: NaturalOrder.precedes)
        guard !names.isEmpty else { return nil }
        let groups = Dictionary(grouping: names, by: ending(of:))
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        let listed = groups.prefix(3).map {
            "\($0.value.count) " + ($0.key.isEmpty ? "without an ending" : ".\($0.key)")
        }
        // As a file spells its ending: patterns distinguish upper case.
        let ending = groups.first.flatMap { group in group.value.first?.suffix(group.key.count) } ?? ""
        let pattern = prefix + (ending.isEmpty ? "*" : "*.\(ending)")
        return Numbers.counted(names.count, "other file")
            + " (\(listed.joined(separator: ", "))\(groups.count > 3 ? ", ..." : "")): if they are galaxies, give '\(pattern)'"
    }

    private static func withSlash(_ folder: String) -> String { folder.hasSuffix("/") ? folder : folder + "/" }

    /// A pattern that matches partitions in subfolders, `survey/healpix=*/*.hdf5`; nil if the first hundred folders of
    /// three levels have no partitions.
    /// - Parameter prefix: a folder with a slash at its end.
    private static func pattern(below prefix: String) -> String? {
        var levels = [(folder: prefix, pattern: prefix)]
        for _ in 0...3 {
            var next: [(folder: String, pattern: String)] = []
            for (folder, pattern) in levels {
                let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
                    .filter { !$0.hasPrefix(".") }.sorted(by: NaturalOrder.precedes)
                if let name = names.first(where: { isPartition($0) && !isFolder(folder + $0) }), folder != prefix {
                    let lower = name.lowercased()
                    let ending = endings.filter { lower.hasSuffix("." + $0) }.max { $0.count < $1.count } ?? ""
                    return pattern + "*." + String(name.suffix(ending.count))
                }
                let folders = names.prefix(1000).filter { isFolder(folder + $0) }.prefix(max(0, 100 - next.count))
                // Names such as healpix=12, where the key is common to all.
                let key = folders.first.flatMap { name in name.firstIndex(of: "=").map { String(name[...$0]) } } ?? ""
                let common = folders.allSatisfy { $0.hasPrefix(key) } ? key : ""
                next += folders.map { (folder + $0 + "/", pattern + common + "*/") }
            }
            levels = next
        }
        return nil
    }

    private static func isFolder(_ path: String) -> Bool { FileManager.default.isFolder(path) == true }

    /// Whether a file of that name in a folder is a partition, by its ending. Hidden files are not partitions: macOS
    /// leaves such copies on other file systems (`._1.pt`).
    public static func isPartition(_ name: String) -> Bool {
        let name = name.lowercased()
        return !name.hasPrefix(".") && endings.contains { name.hasSuffix("." + $0) && name.count > $0.count + 1 }
    }

    /// The ending of a path's last component without the dot, in lower case; empty without a dot.
    static func ending(of path: String) -> String {
        let name = lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// The part of a path after the last slash.
    public static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
