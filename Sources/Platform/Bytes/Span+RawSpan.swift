extension Span where Element: Numeric & BitwiseCopyable {
    /// The bytes of the numbers. `bytes` is unsafe since Swift 6.3, as padding would be uninitialised memory; numbers have
    /// none.
    package var rawSpan: RawSpan {
        @_lifetime(copy self)
        get {
            #if compiler(>=6.3)
            unsafe bytes
            #else
            bytes
            #endif
        }
    }
}
