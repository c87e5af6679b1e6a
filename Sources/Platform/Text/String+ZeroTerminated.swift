extension String {
    /// The characters before the first zero, or all of them where there is none, as UTF-8 (repaired where invalid).
    package init(zeroTerminated characters: some Sequence<CChar>) {
        self.init(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
