extension String {
    /// The string in a field of fixed width, without the zeros and blanks that pad it; nil where it is not UTF-8.
    init?(padded field: ArraySlice<UInt8>) {
        var text = field.prefix { $0 != 0 }
        while text.last == UInt8(ascii: " ") { text.removeLast() }
        self.init(validating: text, as: UTF8.self)
    }
}
