import Platform

/// Opcodes that name classes, create objects or call functions: each only adds a description to the arena.
extension Unpickler {
    mutating func describeObject(_ opcode: UInt8, _ bytes: RawSpan) throws(Failure) -> Bool {
        switch opcode {
        case UInt8(ascii: "c"):  // GLOBAL
            try push(.node(try global(bytes)))
        case 0x93:  // STACK_GLOBAL
            let name = try pop()
            let module = try pop()
            try push(.node(try global(module, name)))
        case UInt8(ascii: "R"):  // REDUCE
            let arguments = try popArguments("REDUCE")
            let callee = try popCallee("REDUCE")
            try push(try call(callee, arguments, bytes))
        case 0x81:  // NEWOBJ
            let arguments = try popArguments("NEWOBJ")
            let type = try popCallee("NEWOBJ")
            try push(try make(type, arguments, bytes))
        case 0x92:  // NEWOBJ_EX
            _ = try pop()
            let arguments = try popArguments("NEWOBJ_EX")
            let type = try popCallee("NEWOBJ_EX")
            try push(try make(type, arguments, bytes))
        case UInt8(ascii: "i"):  // INST
            let type = try global(bytes)
            let arguments = try newNode(PickleNode(kind: .tuple), try popMark())
            try push(try call(type, arguments, bytes))
        case UInt8(ascii: "o"):  // OBJ
            var values = try popMark()
            guard let first = values.first, case .node(let type) = first, arena[type].kind == .global else {
                throw failure("OBJ without a class")
            }
            values.removeFirst()
            try push(try call(type, try newNode(PickleNode(kind: .tuple), values), bytes))
        case UInt8(ascii: "b"):  // BUILD
            let state = try pop()
            guard case .node(let node) = try top() else { throw failure("BUILD on a plain value") }
            // The state of a tensor or a set is not needed; that of a parameter is the same object as its tensor.
            if [.object, .mapping, .array].contains(arena[node].kind) { arena.addState(state, to: node) }
            try checkRoom()
        case UInt8(ascii: "Q"):  // BINPERSID
            let id = try pop()
            try push(try persistent(id, bytes))
        default: return false
        }
        return true
    }

    private mutating func global(_ bytes: RawSpan) throws(Failure) -> Int32 {
        let module = try textValue(try takeLine(bytes))
        let name = try textValue(try takeLine(bytes))
        return try global(module, name)
    }

    private mutating func global(_ module: PickleValue, _ name: PickleValue) throws(Failure) -> Int32 {
        for value in [module, name] {
            guard case .text(_, let count) = value else { throw failure("a class whose name is not a string") }
            guard count <= 1024 else { throw failure("a class whose name has \(count) bytes") }
        }
        return try newNode(PickleNode(kind: .global), [module, name])
    }

    private mutating func popArguments(_ opcode: String) throws(Failure) -> Int32 {
        guard case .node(let node) = try pop(), arena[node].kind == .tuple else {
            throw failure("\(opcode) without a tuple of arguments")
        }
        return node
    }

    private mutating func popCallee(_ opcode: String) throws(Failure) -> Int32 {
        guard case .node(let node) = try pop(), arena[node].kind == .global else {
            throw failure("\(opcode) of something that is not a class or function")
        }
        return node
    }

    /// Classifies `callee`, once for each name. Throws when only an attack would call it.
    private mutating func callable(_ callee: Int32, _ bytes: RawSpan) throws(Failure) -> PickleCallable {
        let known = arena[callee].callable
        let target = known == nil || known == .refused ? arena.globalName(callee, bytes) : nil
        let callable = known ?? target.map { PickleCallable(module: $0.module, name: $0.name) } ?? .refused
        guard callable != .refused else {
            throw failure("calls \((target.map { "\($0.module).\($0.name)" } ?? "something unnamed").quoted): refused")
        }
        arena.setCallable(callable, of: callee)
        return callable
    }

    private mutating func make(_ type: Int32, _ arguments: Int32, _ bytes: RawSpan) throws(Failure) -> PickleValue {
        if try callable(type, bytes) == .dictionary { return try dictionary(arguments) }
        return .node(try newNode(PickleNode(kind: .object, type: type, arguments: arguments)))
    }

    /// Describes the result of `callee(*arguments)`.
    private mutating func call(_ callee: Int32, _ arguments: Int32, _ bytes: RawSpan) throws(Failure) -> PickleValue {
        switch try callable(callee, bytes) {
        case .rebuildTensor:
            return .node(try newNode(PickleNode(kind: .tensor, type: callee, arguments: arguments)))
        case .rebuildParameter:
            // A tensor that is stored in another way, such as a sparse one, is described as an object.
            guard case .node(let tensor)? = arena.items(of: arguments, limit: 1).first,
                [.tensor, .object].contains(arena[tensor].kind)
            else { throw failure("_rebuild_parameter without a tensor") }
            return .node(tensor)
        case .rebuildFromType:
            let parts = arena.items(of: arguments, limit: 3)
            guard parts.count == 3, case .node(let function) = parts[0], arena[function].kind == .global,
                case .node(let inner) = parts[2], arena[inner].kind == .tuple
            else { throw failure("_rebuild_from_type_v2 of something that is not a tensor") }
            guard try callable(function, bytes) == .rebuildTensor else {
                // A subclass with a representation of its own: it is refused by name.
                return .node(try newNode(PickleNode(kind: .object, type: callee, arguments: inner)))
            }
            return .node(try newNode(PickleNode(kind: .tensor, type: function, arguments: inner)))
        case .rebuildArray:
            return .node(try newNode(PickleNode(kind: .array, type: callee, arguments: arguments)))
        case .dictionary: return try dictionary(arguments)
        case .set:
            var members: [PickleValue] = []
            if case .node(let list)? = arena.items(of: arguments, limit: 1).first {
                try checkRoom(adding: Int(arena[list].count))
                members = arena.items(of: list)
            }
            return .node(try newNode(PickleNode(kind: .set), members))
        case .other, .refused:
            return .node(try newNode(PickleNode(kind: .object, type: callee, arguments: arguments)))
        }
    }

    /// `OrderedDict([(key, value), ...])` of Python 2, `defaultdict(factory)`, or an empty one.
    private mutating func dictionary(_ arguments: Int32) throws(Failure) -> PickleValue {
        let node = try newNode(PickleNode(kind: .dictionary))
        for case .node(let argument) in arena.items(of: arguments, limit: 2) {
            try checkRoom(adding: 2 * Int(arena[argument].count))
            if arena[argument].kind == .dictionary {
                for value in arena.items(of: argument) { arena.append(value, to: node) }
            } else if arena[argument].kind == .list {
                for item in arena.items(of: argument) {
                    guard case .node(let pair) = item, arena[pair].count == 2 else {
                        throw failure("a dictionary made of something that is not a pair")
                    }
                    for value in arena.items(of: pair) { arena.append(value, to: node) }
                }
            }
        }
        return .node(node)
    }

    /// A storage; in the older container also a class with its source code, of which the class is used.
    private mutating func persistent(_ id: PickleValue, _ bytes: RawSpan) throws(Failure) -> PickleValue {
        guard case .node(let tuple) = id, arena[tuple].kind == .tuple else {
            throw failure("a persistent id that is not a tuple")
        }
        let parts = arena.items(of: tuple, limit: 3)
        guard let first = parts.first, let kind = arena.text(first, bytes) else {
            throw failure("a persistent id without a kind")
        }
        switch kind {
        case "storage": return .node(try newNode(PickleNode(kind: .storage, arguments: tuple)))
        case "module":
            guard parts.count > 1, case .node(let type) = parts[1], arena[type].kind == .global else {
                throw failure("a persistent id 'module' without a class")
            }
            return .node(type)
        default: throw failure("a persistent id of the unknown kind \(kind.quoted)")
        }
    }
}
