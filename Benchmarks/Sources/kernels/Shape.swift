import BenchmarkSupport
import Foundation

/// A line of a file of shapes: a kernel, a name, and its sizes. The format is described in
/// Benchmarks/shapes/network.txt.
struct Shape {
    let kernel: String
    let name: String
    let epilogue: String
    private let sizes: [String: Int]
    private let location: String

    /// - Throws: `BenchmarkError` with the file and line if that is not a shape.
    static func read(path: String) throws -> [Shape] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw BenchmarkError("\(path): cannot be read")
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return try lines.enumerated().compactMap { index, line in
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            return words.isEmpty ? nil : try Shape(words, location: "\(path):\(index + 1)")
        }
    }

    init(_ words: [String], location: String) throws {
        guard words.count >= 2 else { throw BenchmarkError("\(location): expected a kernel and a name") }
        var (sizes, epilogue) = ([String: Int](), "store")
        for word in words.dropFirst(2) {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw BenchmarkError("\(location): expected key=value, found '\(word)'") }
            if parts[0] == "epilogue" {
                epilogue = parts[1]
            } else {
                guard let size = Int(parts[1]), (1...1 << 24).contains(size) else {
                    throw BenchmarkError("\(location): expected a size from 1 to \(1 << 24), found '\(word)'")
                }
                sizes[parts[0]] = size
            }
        }
        (kernel, name, self.epilogue, self.sizes, self.location) = (words[0], words[1], epilogue, sizes, location)
    }

    subscript(_ key: String) -> Int {
        get throws {
            guard let size = sizes[key] else { throw BenchmarkError("\(location): \(kernel) needs \(key)=") }
            return size
        }
    }

    /// The displayed sizes: those of a matrix product as M x N x K.
    var text: String {
        if kernel == "gemm", let m = sizes["rows"], let n = sizes["columns"], let k = sizes["inputs"] {
            return "\(m) x \(n) x \(k)" + (epilogue == "store" ? "" : " \(epilogue)")
        }
        return sizes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    func refuse(_ message: String) -> BenchmarkError { BenchmarkError("\(location): \(message)") }
}
