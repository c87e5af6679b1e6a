import FoundationEssentials

/// A cache of the first processor, as Linux describes it.
package struct ProcessorCache: Encodable, Sendable {
    package let level: Int
    /// data, instruction or unified.
    package let type: String
    /// As the system writes it: 32K, 1024K.
    package let size: String
    /// Logical processors that share it.
    package let processors: Int

    /// Bytes of the size; nil for another notation.
    package var byteCount: Int? {
        let shift: Int
        switch size.last {
        case "K": shift = 10
        case "M": shift = 20
        case "G": shift = 30
        default: return Int(size)
        }
        guard let count = Int(size.dropLast()), count >= 0, count <= Int.max >> shift else { return nil }
        return count << shift
    }

    /// The caches in `/sys/devices/system/cpu/cpu0/cache`; those that are not described are left out.
    /// - Parameter root: the folder that contains `/sys`.
    package static func all(root: String = "") -> [ProcessorCache] {
        let folder = root + "/sys/devices/system/cpu/cpu0/cache"
        func read(_ path: String) -> String? {
            SystemText.read(path).map { $0.filter { !$0.isWhitespace } }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix("index") }.sorted().compactMap { name in
            let path = "\(folder)/\(name)/"
            guard let level = read(path + "level").flatMap({ Int($0) }), let type = read(path + "type"),
                let size = read(path + "size")
            else { return nil }
            // A mask of bits, in groups of eight hexadecimal digits.
            let processors = (read(path + "shared_cpu_map") ?? "").reduce(0) {
                $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0)
            }
            return ProcessorCache(level: level, type: type.lowercased(), size: size, processors: max(1, processors))
        }
    }
}
