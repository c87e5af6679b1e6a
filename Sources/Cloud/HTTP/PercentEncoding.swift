import Platform

/// RFC 3986, as AWS requires it: every byte is encoded except letters, digits, `-`, `.`, `_` and `~`.
enum PercentEncoding {
    /// - Parameter keepingSlashes: as in a path, whose slashes separate its components.
    static func encode(_ bytes: some Sequence<UInt8>, keepingSlashes: Bool = false) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let plain = keepingSlashes ? "-._~/" : "-._~"
        var text: [UInt8] = []
        for byte in bytes {
            if byte.isLetter || byte.isDigit || plain.utf8.contains(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
        encode(text.utf8, keepingSlashes: keepingSlashes)
    }

    /// A percent sign that two digits do not follow stands for itself.
    /// - Parameter plusIsSpace: as in a form.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8] {
        let source = Array(text.utf8)
        var bytes: [UInt8] = []
        var position = 0
        while position < source.count {
            let byte = source[position]
            if byte == UInt8(ascii: "%"), position + 2 < source.count,
                let high = Character(Unicode.Scalar(source[position + 1])).hexDigitValue,
                let low = Character(Unicode.Scalar(source[position + 2])).hexDigitValue
            {
                bytes.append(UInt8(high << 4 | low))
                position += 3
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                position += 1
            }
        }
        return bytes
    }
}
