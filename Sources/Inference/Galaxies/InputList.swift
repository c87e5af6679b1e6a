import FoundationEssentials
import Platform

/// A file of galaxies to run, and what its rows are called.
public struct InputFile: Sendable, Equatable {
    /// The path, spelled as it was given.
    public let path: String
    /// What `object_id` puts before the colon: the file's stem, with as many of its folders as tell it from the others.
    public let label: String
    /// The path's last component.
    public var source: String { InputList.lastComponent(path) }
}

/// What a user asks to run: files, folders and patterns, expanded to files.
///
/// Arguments keep their order. A folder stands for the partition files in it (not in its subfolders), a pattern for
/// what it matches, both in natural order (1, 2, 10). A file is run once: the same file twice, however it is spelled,
/// is refused, since its galaxies' ids would not be unique.
public enum InputList {
    /// Endings that make a file in a folder a partition. A file that is named itself may have any ending.
    public static let endings = [
        "pt", "pth", "npz", "safetensors", "fits", "fit", "fits.gz", "fit.gz", "fz", "h5", "hdf5",
    ]

    /// The files that the arguments stand for; never empty.
    /// - Parameter elsewhere: the names of the files for an argument that is no path, such as a URL; nil for a path.
    /// - Throws: `Failure.input` for a missing file, a folder without partition files, a pattern without
    ///   matches, and a file given twice.
    public static func expand(
        _ arguments: [String], elsewhere: (String) throws(Failure) -> [String]? = { _ in nil }
    ) throws(Failure) -> [InputFile] {
        var paths: [String] = []
        /// Where each really is, all names of a file being one.
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
                throw Failure(
                    path,
                    earlier == path ? "is given twice" : "is given twice, the other time as \(earlier)")
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
        guard PathPattern.hasWildcards(argument) else {
            throw Failure(argument, "no such file or folder")
        }
        let matches = PathPattern.matches(argument)
        guard !matches.isEmpty else { throw Failure(argument, "the pattern matches no file") }
        var paths: [String] = []
        for match in matches {
            // A link that leads nowhere matches too. It is kept: to pass over galaxies in silence would be worse than
            // the error that opening it will give.
            paths += try files(at: match) ?? [match]
        }
        return paths
    }

    /// The file itself, or the partitions in the folder; nil where there is neither.
    private static func files(at path: String) throws(Failure) -> [String]? {
        guard let isFolder = isFolder(path) else { return nil }
        return isFolder ? try partitions(in: path) : [path]
    }

    private static func partitions(in folder: String) throws(Failure) -> [String] {
        let expected = endings.map { "." + $0 }.joined(separator: ", ")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw Failure(folder, "the folder cannot be read")
        }
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        let paths = names.filter { !$0.hasPrefix(".") && isPartition($0) }
            .sorted(by: NaturalOrder.precedes)
            .map { prefix + $0 }
            .filter { isFolder($0) != true }
        guard !paths.isEmpty else {
            throw Failure(
                folder,
                "the folder holds no partition files (\(expected)); subfolders are not searched")
        }
        return paths
    }

    /// Whether a file of that name in a folder is a partition, by its ending.
    public static func isPartition(_ name: String) -> Bool {
        let name = name.lowercased()
        return endings.contains { name.hasSuffix("." + $0) && name.count > $0.count + 1 }
    }

    /// nil where there is nothing at the path.
    private static func isFolder(_ path: String) -> Bool? {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) ? isFolder : nil
    }

    /// What follows the last dot of a path's last component, in lower case; empty without one.
    static func ending(of path: String) -> String {
        let name = lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// What follows the last slash of a path.
    public static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
