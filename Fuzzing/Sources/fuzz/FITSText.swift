/// A FITS file described by short lines: a card a line (`NAXIS=2`, written in its columns), and after each header a
/// line that begins with `~`: the bytes that are repeated as data, up to the length in the header.
enum FITSText {
    private static let blockSize = 2880
    private static let mostData = 1 << 15

    static func file(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var header: [[UInt8]] = []
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).prefix(400) {
            guard line.first == UInt8(ascii: "~") else {
                header.append(card(line))
                continue
            }
            append(header, data: Array(line.dropFirst()), to: &bytes)
            header = []
        }
        if !header.isEmpty { append(header, data: [], to: &bytes) }
        return bytes
    }

    /// A card of 80 characters: a keyword and, if the line has an equals sign, its value.
    private static func card(_ line: ArraySlice<UInt8>) -> [UInt8] {
        guard let mark = line.firstIndex(of: UInt8(ascii: "=")), mark - line.startIndex <= 8 else {
            return padded(Array(line), 80)
        }
        let value = Array(line[(mark + 1)...])
        let start = padded(Array(line[..<mark]), 8) + Array("= ".utf8)
        let isText = value.first == UInt8(ascii: "'")
        let space = isText ? [] : [UInt8](repeating: 32, count: max(0, 20 - value.count))
        return padded(start + space + value, 80)
    }

    private static func append(_ header: [[UInt8]], data: [UInt8], to bytes: inout [UInt8]) {
        bytes += padded(header.flatMap { $0 } + padded(Array("END".utf8), 80), blockSize)
        let size = min(declaredSize(header), mostData)
        guard size > 0 else { return }
        let pattern = data.isEmpty ? [0] : data
        bytes += (0..<size).map { pattern[$0 % pattern.count] }
        bytes += [UInt8](repeating: 0, count: (blockSize - size % blockSize) % blockSize)
    }

    /// The size of the data by the standard; 0 if the numbers are invalid.
    private static func declaredSize(_ header: [[UInt8]]) -> Int {
        func number(_ key: String) -> Int? {
            let start = padded(Array(key.utf8), 8) + [UInt8(ascii: "=")]
            return header.first { $0.starts(with: start) }.flatMap {
                Int(String(decoding: $0[10...], as: UTF8.self).split(whereSeparator: { " /".contains($0) }).first ?? "")
            }
        }
        guard let bits = number("BITPIX"), let axes = number("NAXIS"), (1...99).contains(axes) else { return 0 }
        var elements = 1
        for axis in 1...axes { elements = clamped(elements, number("NAXIS\(axis)") ?? 0) }
        let sum = min(elements + max(0, min(number("PCOUNT") ?? 0, mostData)), mostData)
        return clamped(clamped(sum, number("GCOUNT") ?? 1), Int(bits.magnitude / 8))
    }

    private static func clamped(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: max(0, b))
        return overflow ? mostData : min(product, mostData)
    }

    /// Truncated or padded with blanks, to a card or to whole blocks.
    private static func padded(_ bytes: [UInt8], _ unit: Int) -> [UInt8] {
        if unit <= 80, bytes.count > unit { return Array(bytes.prefix(unit)) }
        let rest = bytes.count % unit
        return rest == 0 && !bytes.isEmpty ? bytes : bytes + [UInt8](repeating: 32, count: unit - rest)
    }
}
