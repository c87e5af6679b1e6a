extension Span where Element == Float {
    /// The bits of the largest absolute value, which are ordered as the values are, NaN last: one pass without branches.
    public var largestBits: UInt32 {
        var largest: UInt32 = 0
        for index in indices { largest = max(largest, self[index].bitPattern & 0x7FFF_FFFF) }
        return largest
    }
}
