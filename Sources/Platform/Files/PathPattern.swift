import FoundationEssentials
import Glibc

/// A path with wildcards, expanded without a shell: `*`, `?` and `[...]` within a component, as fnmatch(3) has them.
/// A name that begins with a dot is matched only by a pattern that does too.
public enum PathPattern {
    private static let wildcards: Set<Character> = ["*", "?", "["]

    public static func hasWildcards(_ path: String) -> Bool { path.contains(where: wildcards.contains) }

    /// The paths of existing files that match, in natural order; relative where the pattern is.
    public static func matches(_ pattern: String) -> [String] {
        let components = pattern.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        var prefixes = [pattern.hasPrefix("/") ? "/" : ""]
        for component in components {
            prefixes = prefixes.flatMap { expand(component, in: $0) }
        }
        return prefixes.sorted(by: NaturalOrder.precedes)
    }

    private static func expand(_ component: String, in folder: String) -> [String] {
        let prefix = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
        guard hasWildcards(component) else {
            let path = prefix + component
            return FileManager.default.fileExists(atPath: path) ? [path] : []
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        return names.filter { unsafe fnmatch(component, $0, FNM_PERIOD) == 0 }.map { prefix + $0 }
    }
}
