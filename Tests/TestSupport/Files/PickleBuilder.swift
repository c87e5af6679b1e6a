/// Builds a pickle opcode by opcode, valid or not.
public struct PickleBuilder: Sendable {
    private var builder = ByteBuilder()

    public init(protocol version: UInt8 = 2) { op(0x80, [version]) }

    /// The pickle without STOP.
    public var bytes: [UInt8] { builder.bytes }
    /// The pickle with STOP.
    public var stopped: [UInt8] { builder.bytes + Array(".".utf8) }

    public mutating func op(_ code: UInt8, _ arguments: [UInt8] = []) { builder.append([code] + arguments) }
    /// Opcodes given as letters.
    public mutating func ops(_ letters: String) { builder.append(letters) }
    public mutating func op<Number: FixedWidthInteger>(_ code: UInt8, number: Number) {
        builder.append([code])
        builder.append(number)
    }

    public mutating func global(_ module: String, _ name: String) { builder.append("c\(module)\n\(name)\n") }
    public mutating func text(_ text: String) {
        op(UInt8(ascii: "X"), number: UInt32(text.utf8.count))
        builder.append(text)
    }
    public mutating func int(_ number: Int) {
        builder.append([0x8A, 8])
        builder.append(Int64(number))
    }
    public mutating func ints(_ numbers: [Int]) {
        ops("(")
        for number in numbers { int(number) }
        ops("t")
    }

    /// A tensor as `torch.save` writes it.
    public mutating func tensor(
        storage: String = "FloatStorage", key: String = "0", count: Int, offset: Int = 0, shape: [Int], strides: [Int]
    ) {
        global("torch._utils", "_rebuild_tensor_v2")
        ops("(")
        persistentStorage(storage, key: key, count: count)
        int(offset)
        ints(shape)
        ints(strides)
        op(0x89)
        global("collections", "OrderedDict")
        ops(")RtR")
    }

    public mutating func persistentStorage(_ type: String, key: String, count: Int) {
        ops("(")
        text("storage")
        global("torch", type)
        text(key)
        text("cpu")
        int(count)
        ops("tQ")
    }

    /// A function called with one string.
    public static func call(_ module: String, _ name: String) -> [UInt8] {
        var pickle = PickleBuilder()
        pickle.global(module, name)
        pickle.text("echo never")
        pickle.op(0x85)
        pickle.ops("R")
        return pickle.stopped
    }
}
