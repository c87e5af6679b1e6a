/// The label of each file's rows in `object_id`.
///
/// A file's stem (`1` of `/data/a/1.pt`) where no other file has it, else with as many of its folders before it as make
/// it unique (`a/1`, `b/1`). The stem of `t.fits.gz` is `t`. Files that
/// differ only in their ending keep it (`1.pt`, `1.npz`).
public enum ObjectLabels {
    /// One label a path, all different where the paths are standardised and different: absolute, or keys of one
    /// bucket. Paths that are the same, or differ in empty folders alone, are their own labels.
    public static func labels(for paths: [String]) -> [String] {
        let names = withoutEndings(paths)
        var labels = [String](repeating: "", count: names.count)
        var open = Array(names.indices)
        var depth = 1
        let deepest = names.map(\.count).max() ?? 0
        // Different names are different when taken whole. Labels of different depths cannot be equal: they
        // have different numbers of slashes, or the shorter one was not unique at its own depth.
        while !open.isEmpty, depth <= deepest {
            var count: [String: Int] = [:]
            for name in names { count[tail(of: name, depth: depth), default: 0] += 1 }
            open.removeAll { index in
                let label = tail(of: names[index], depth: depth)
                guard count[label] == 1 else { return false }
                labels[index] = label
                return true
            }
            depth += 1
        }
        for index in open { labels[index] = paths[index] }
        return labels
    }

    /// The components of each path, the last without its ending unless that makes two paths the same.
    private static func withoutEndings(_ paths: [String]) -> [[String]] {
        let full = paths.map { $0.split(separator: "/").map(String.init) }
        var short = full.map { components in
            Array(components.dropLast()) + [stem(of: components.last ?? "")]
        }
        while true {
            let shared = Dictionary(grouping: short.indices) { short[$0] }.values.filter { $0.count > 1 }.joined()
            let restored = shared.filter { short[$0] != full[$0] }
            if restored.isEmpty { return short }
            for index in restored { short[index] = full[index] }
        }
    }

    private static func tail(of components: [String], depth: Int) -> String {
        components.suffix(depth).joined(separator: "/")
    }

    private static func stem(of name: String) -> String {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        let stem = name[..<dot]
        // A compressed FITS file has a second ending.
        guard ["gz", "fz"].contains(name[dot...].dropFirst().lowercased()),
            let inner = stem.lastIndex(of: "."), inner != stem.startIndex,
            ["fits", "fit"].contains(stem[inner...].dropFirst().lowercased())
        else { return String(stem) }
        return String(stem[..<inner])
    }
}
