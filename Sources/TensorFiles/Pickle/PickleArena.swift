/// A value in a pickle: a plain value, or the index of a node in an arena. Strings are ranges of the pickle's bytes.
///
/// No type here is recursive, so that nesting takes no stack, neither when values are built nor when they are freed.
enum PickleValue {
    case unset
    case none
    case bool(Bool)
    case int(Int)
    /// An integer beyond 64 bits.
    case wideInt
    case double(Double)
    case text(offset: UInt32, count: UInt32)
    case bytes(offset: UInt32, count: UInt32)
    case node(Int32)
}

/// A container, class or object of a pickle. Its children are a linked list of cells.
struct PickleNode {
    enum Kind: UInt8 {
        case tuple, list, set
        /// Children are keys and values in turn.
        case dictionary
        /// A class or function: children are its module and its name within it.
        case global
        /// An instance of the class `type`, or the result of calling it: never created, only described. Children are the
        /// items appended to it.
        case object
        /// An object with keys and values as children.
        case mapping
        /// A persistent id (the tuple `arguments`): a storage.
        case storage
        /// A tensor: `arguments` of the rebuilding function `type`.
        case tensor
        /// A NumPy array: `arguments` of the function `type`, which is never called, and the states given to BUILD.
        case array
    }
    var kind: Kind
    /// What a global does as a function, once it was called.
    var callable: PickleCallable?
    var first: Int32 = -1
    var last: Int32 = -1
    var count: Int32 = 0
    var type: Int32 = -1
    var arguments: Int32 = -1
    /// First cell of the states given to BUILD.
    var state: Int32 = -1
    /// Number of the integers that a list has in place of cells.
    var integers: Int32 = -1
}

/// All values of one pickle, in a few flat arrays whose growth is bounded.
struct PickleArena {
    fileprivate struct Cell {
        var value: PickleValue
        var next: Int32
    }

    /// Bytes that values other than long lists of integers may take. Growing arrays and copies of the stack take several times as much for a moment.
    static let limit = 8 << 20

    private(set) var nodes: [PickleNode] = []
    fileprivate var cells: [Cell] = []
    private(set) var memo: [PickleValue] = []
    /// Long lists of integers, such as the indices of millions of rows: four bytes each.
    private var lists: [[Int32]] = []
    /// Bytes used by nodes, cells and memo.
    private(set) var used = 0
    private var integerBytes = 0
    private let integerLimit: Int

    /// - Parameter byteCount: of the file; its lists of integers take no more memory.
    init(byteCount: Int = 0) { integerLimit = max(Self.limit, byteCount) }

    /// Whether the arena and `stack` further values are within the limit.
    func hasRoom(stack: Int) -> Bool {
        used + stack * MemoryLayout<PickleValue>.stride <= Self.limit && integerBytes <= integerLimit
    }

    subscript(node: Int32) -> PickleNode { nodes[Int(node)] }

    mutating func add(_ node: PickleNode) -> Int32 {
        used += MemoryLayout<PickleNode>.stride
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    /// Appends items to a node. The caller has checked that they have room as cells.
    /// - Returns: false where those that are there, integers before, have none.
    mutating func append(_ values: [PickleValue], to node: Int32) -> Bool {
        if add(integers: values, to: node) { return true }
        if let numbers = integers(of: node) {
            guard used + numbers.count * MemoryLayout<Cell>.stride <= Self.limit else { return false }
            let index = Int(nodes[Int(node)].integers)
            (nodes[Int(node)].integers, nodes[Int(node)].count) = (-1, 0)
            integerBytes -= 4 * numbers.count
            lists[index] = []
            for number in numbers { append(.int(Int(number)), to: node) }
        }
        for value in values { append(value, to: node) }
        return true
    }

    /// The least number of integers with which a list is begun without cells: shorter ones take less in cells.
    private static let longList = 64

    /// Appends integers to a list that has no cells.
    /// - Returns: false where they are not all integers of 32 bits, or the list has cells, or would be short.
    private mutating func add(integers values: [PickleValue], to node: Int32) -> Bool {
        let list = nodes[Int(node)]
        guard list.kind == .list, list.integers >= 0 || list.count == 0 && values.count >= Self.longList else {
            return false
        }
        var numbers: [Int32] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard case .int(let number) = value, let narrow = Int32(exactly: number) else { return false }
            numbers.append(narrow)
        }
        if list.integers < 0 {
            nodes[Int(node)].integers = Int32(lists.count)
            lists.append(numbers)
        } else {
            lists[Int(list.integers)] += numbers
        }
        nodes[Int(node)].count += Int32(numbers.count)
        integerBytes += 4 * numbers.count
        return true
    }

    /// The integers of a list that has them in place of cells; nil for any other node.
    func integers(of node: Int32) -> [Int32]? {
        let index = nodes[Int(node)].integers
        return index < 0 ? nil : lists[Int(index)]
    }

    mutating func append(_ value: PickleValue, to node: Int32) {
        let cell = addCell(value)
        let index = Int(node)
        if nodes[index].last < 0 {
            nodes[index].first = cell
        } else {
            cells[Int(nodes[index].last)].next = cell
        }
        nodes[index].last = cell
        nodes[index].count += 1
    }

    mutating func setCallable(_ callable: PickleCallable, of node: Int32) { nodes[Int(node)].callable = callable }

    mutating func setKind(_ kind: PickleNode.Kind, of node: Int32) { nodes[Int(node)].kind = kind }

    mutating func addState(_ value: PickleValue, to node: Int32) {
        let cell = addCell(value)
        cells[Int(cell)].next = nodes[Int(node)].state
        nodes[Int(node)].state = cell
    }

    /// Children of a node, or the linked list that begins at `cell`.
    func children(of node: Int32) -> Children {
        Children(arena: self, cell: nodes[Int(node)].first, integers: (integers(of: node) ?? [])[...])
    }
    func chain(from cell: Int32) -> Children { Children(arena: self, cell: cell, integers: []) }

    /// The children of a node, at most `limit` of them.
    func items(of node: Int32, limit: Int = .max) -> [PickleValue] { Array(children(of: node).prefix(limit)) }

    mutating func setMemo(_ index: Int, _ value: PickleValue) -> Bool {
        // Memo indices are consecutive; some picklers begin at 1.
        guard index >= 0, index <= memo.count + 1024 else { return false }
        while memo.count <= index {
            memo.append(.unset)
            used += MemoryLayout<PickleValue>.stride
        }
        memo[index] = value
        return true
    }

    /// Frees the memo, which only parsing needs.
    mutating func dropMemo() { memo = [] }

    private mutating func addCell(_ value: PickleValue) -> Int32 {
        used += MemoryLayout<Cell>.stride
        cells.append(Cell(value: value, next: -1))
        return Int32(cells.count - 1)
    }

    struct Children: Sequence, IteratorProtocol {
        fileprivate let arena: PickleArena
        fileprivate var cell: Int32
        fileprivate var integers: ArraySlice<Int32>

        mutating func next() -> PickleValue? {
            if let number = integers.popFirst() { return .int(Int(number)) }
            guard cell >= 0 else { return nil }
            let found = arena.cells[Int(cell)]
            cell = found.next
            return found.value
        }
    }
}

extension PickleArena {
    /// "module.name" of a class or function.
    func globalName(_ node: Int32, _ bytes: RawSpan) -> (module: String, name: String)? {
        guard node >= 0, self[node].kind == .global else { return nil }
        let parts = items(of: node, limit: 2)
        guard parts.count == 2, let module = text(parts[0], bytes), let name = text(parts[1], bytes) else { return nil }
        return (module, name)
    }

    /// A string of at most `limit` bytes. Many values may refer to one string, and each call copies it.
    func text(_ value: PickleValue, _ bytes: RawSpan, limit: Int = 1024) -> String? {
        guard case .text(let offset, let count) = value, Int(count) <= limit else { return nil }
        return bytes.text(Int(offset)..<Int(offset) + Int(count))
    }

    /// The integers of a tuple or list; nil when it contains anything else.
    func integers(_ value: PickleValue, limit: Int) -> [Int]? {
        guard case .node(let node) = value, self[node].kind == .tuple || self[node].kind == .list,
            Int(self[node].count) <= limit
        else { return nil }
        var numbers: [Int] = []
        for case let item in children(of: node) {
            guard case .int(let number) = item else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
