import Platform

/// Reads the part of Python's pickle format (protocols 0 to 5) that `torch.save` and checkpoints use, without running
/// anything: classes and calls become descriptions in an arena.
struct Unpickler {
    let file: String
    /// The part of the file, for error messages: `data.pkl`, or a part of the older container.
    let part: String
    var arena: PickleArena
    private(set) var stack: [PickleValue] = []
    private var marks: [Int] = []
    /// Offset of the next byte to read.
    private(set) var offset: Int
    /// Offset of the opcode being read.
    private(set) var opcodeOffset = 0

    /// - Parameter byteCount: of the whole file.
    init(file: String, part: String, offset: Int = 0, byteCount: Int) {
        arena = PickleArena(byteCount: byteCount)
        self.file = file
        self.part = part
        self.offset = offset
    }

    /// Reads one pickle up to its STOP and returns its root; `offset` is then that of the byte after it.
    mutating func load(_ bytes: RawSpan) throws(Failure) -> PickleValue {
        while true {
            opcodeOffset = offset
            guard offset < bytes.byteCount else { throw failure("the pickle ends without STOP") }
            let opcode = bytes.byte(at: offset)
            offset += 1
            if opcode == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty else {
                    throw failure("STOP with \(stack.count) values and \(marks.count) marks on the stack")
                }
                arena.dropMemo()
                return try pop()
            }
            try execute(opcode, bytes)
        }
    }

    func failure(_ what: String) -> Failure { Failure(file, "\(part): \(what) (offset \(opcodeOffset))") }

    // MARK: Bytes

    /// Consumes `count` bytes and returns their offset.
    mutating func take(_ count: Int, _ bytes: RawSpan) throws(Failure) -> Int {
        guard count <= bytes.byteCount - offset else {
            throw failure("needs \(count) bytes, \(bytes.byteCount - offset) are left")
        }
        defer { offset += count }
        return offset
    }

    /// A length stored in `width` bytes, at most the number of remaining bytes.
    mutating func takeLength(_ width: Int, _ bytes: RawSpan) throws(Failure) -> Int {
        let at = try take(width, bytes)
        let length: UInt64 =
            switch width {
            case 1: UInt64(bytes.byte(at: at))
            case 4: UInt64(bytes.uint32(at: at))
            default: bytes.uint64(at: at)
            }
        guard length <= UInt64(bytes.byteCount - offset), length <= UInt64(Int32.max) else {
            throw failure("length \(length), \(bytes.byteCount - offset) bytes are left")
        }
        return Int(length)
    }

    /// A line of text, without the line feed.
    mutating func takeLine(_ bytes: RawSpan) throws(Failure) -> Range<Int> {
        let window = offset..<min(bytes.byteCount, offset + (1 << 20))
        guard let end = bytes.firstIndex(of: 10, in: window) else { throw failure("a line of text does not end") }
        let line = offset..<end
        offset = end + 1
        return line
    }

    /// Consumes data behind its length, which is stored in `width` bytes, and returns its range.
    mutating func takeData(_ width: Int, _ bytes: RawSpan) throws(Failure) -> Range<Int> {
        let count = try takeLength(width, bytes)
        defer { offset += count }
        return offset..<offset + count
    }

    func textValue(_ range: Range<Int>) throws(Failure) -> PickleValue {
        guard let start = UInt32(exactly: range.lowerBound), let count = UInt32(exactly: range.count) else {
            throw failure("a string lies beyond the first 4 GB")
        }
        return .text(offset: start, count: count)
    }

    func bytesValue(_ range: Range<Int>) throws(Failure) -> PickleValue {
        guard case .text(let start, let count) = try textValue(range) else { return .none }
        return .bytes(offset: start, count: count)
    }

    // MARK: Stack and memo

    mutating func push(_ value: PickleValue) throws(Failure) {
        stack.append(value)
        try checkRoom()
    }

    mutating func pop() throws(Failure) -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
            throw failure("takes a value from an empty stack")
        }
        return value
    }

    func top() throws(Failure) -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.last else {
            throw failure("needs a value on an empty stack")
        }
        return value
    }

    mutating func mark() throws(Failure) {
        marks.append(stack.count)
        try checkRoom()
    }

    /// Removes the values above the last mark, and the mark.
    mutating func popMark() throws(Failure) -> [PickleValue] {
        guard let start = marks.popLast() else { throw failure("expected a mark, found none") }
        let values = Array(stack[start...])
        stack.removeSubrange(start...)
        return values
    }

    /// POP: removes a value, or the mark when no value is above it.
    mutating func discard() throws(Failure) {
        if let last = marks.last, last == stack.count {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    /// Throws when the present values and `count` more would take more memory than the limit.
    func checkRoom(adding count: Int = 0) throws(Failure) {
        guard arena.hasRoom(stack: stack.count + marks.count + count) else {
            throw full()
        }
    }

    func full() -> Failure { failure("holds more values than are read (\(PickleArena.limit >> 20) MiB of them)") }

    mutating func memoize(_ index: Int) throws(Failure) {
        let value = try top()
        guard arena.setMemo(index, value) else {
            throw failure("memo index \(index) after \(arena.memo.count) entries")
        }
        try checkRoom()
    }

    mutating func recall(_ index: Int) throws(Failure) {
        guard index >= 0, index < arena.memo.count else { throw failure("memo has no entry \(index)") }
        let value = arena.memo[index]
        if case .unset = value { throw failure("memo has no entry \(index)") }
        try push(value)
    }

    mutating func newNode(_ node: PickleNode, _ children: [PickleValue] = []) throws(Failure) -> Int32 {
        try checkRoom(adding: children.count + 4)
        let index = arena.add(node)
        for child in children {
            arena.append(child, to: index)
        }
        return index
    }
}
