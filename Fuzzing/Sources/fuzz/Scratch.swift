import Foundation

/// A temporary folder of this process.
enum Scratch {
    static let folder: String = {
        let path = (ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") + "/cai-fuzz-\(getpid())"
        mkdir(path, 0o700)
        atexit { rmdir((ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") + "/cai-fuzz-\(getpid())") }
        return path
    }()

    static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else { fatalError("\(path): cannot be written") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    static func read(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }
}
