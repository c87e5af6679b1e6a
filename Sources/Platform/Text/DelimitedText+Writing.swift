extension DelimitedText {
    /// Appends a field: in quotes, doubled inside, where it holds a comma, a quote or a line break.
    package static func append(_ text: String, to bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let isPlain = text.utf8.allSatisfy { byte in
            byte != UInt8(ascii: ",") && byte != quote && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
        }
        if isPlain {
            bytes += text.utf8
            return
        }
        bytes.append(quote)
        for byte in text.utf8 {
            if byte == quote { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }
}
