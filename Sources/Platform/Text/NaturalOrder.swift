/// Orders file names by the numbers in them: `2.pt` comes before `10.pt`.
public enum NaturalOrder {
    /// Whether `a` comes before `b`. Runs of digits are compared by value, everything else byte by byte; strings that are
    /// equal so far (`01`, `1`) are compared as bytes, so that the order is total.
    public static func precedes(_ a: String, _ b: String) -> Bool {
        let left = Array(a.utf8)
        let right = Array(b.utf8)
        var i = 0
        var j = 0
        while i < left.count, j < right.count {
            if left[i].isDigit, right[j].isDigit {
                let first = digits(of: left, from: &i)
                let second = digits(of: right, from: &j)
                if first.count != second.count { return first.count < second.count }
                if !first.elementsEqual(second) { return first.lexicographicallyPrecedes(second) }
            } else {
                if left[i] != right[j] { return left[i] < right[j] }
                i += 1
                j += 1
            }
        }
        let leftOver = left.count - i
        let rightOver = right.count - j
        return leftOver == rightOver ? left.lexicographicallyPrecedes(right) : leftOver < rightOver
    }

    /// The run of digits at `index`, of any length, without leading zeros; moves `index` past it.
    private static func digits(of bytes: [UInt8], from index: inout Int) -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        return bytes[start..<index].drop { $0 == UInt8(ascii: "0") }
    }
}
