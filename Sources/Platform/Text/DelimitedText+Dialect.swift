extension DelimitedText {
    /// How fields are separated.
    package struct Dialect: Sendable, Equatable {
        package let separator: UInt8
        /// Whether blanks around fields are ignored.
        package let ignoresBlanks: Bool
        /// Whether any number of blanks and tabs separate two fields.
        package var separatesByBlanks: Bool { separator == UInt8(ascii: " ") }
        /// Lines that begin with `#`.
        package let comments: Comments

        package enum Comments: Sendable { case data, skipped, refused }

        package init(separator: UInt8, ignoresBlanks: Bool, comments: Comments = .data) {
            (self.separator, self.ignoresBlanks, self.comments) = (separator, ignoresBlanks, comments)
        }

        package static let standard = Dialect(separator: UInt8(ascii: ","), ignoresBlanks: false)
    }
}
