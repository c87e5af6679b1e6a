/// Hostile and broken pickles in a valid archive.
extension HostileFiles {
    static let calls: [HostileFile] =
        [
            ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("builtins", "eval"),
            ("__builtin__", "exec"), ("builtins", "getattr"), ("runpy", "run_path"), ("importlib", "import_module"),
            ("shutil", "rmtree"), ("ctypes", "CDLL"), ("operator", "attrgetter"), ("code", "interact"),
            ("torch.serialization", "os.system"), ("socket", "socket"), ("sys", "exit"), ("pty", "spawn"),
        ].map { module, name in
            HostileFile("calls \(module).\(name)", "pt", "calls '\(module).\(name)': refused") {
                ZipBuilder.torch(PickleBuilder.call(module, name)).bytes
            }
        } + [
            torch("INST of os.system", "calls 'os.system': refused") {
                $0.ops("(")
                $0.text("echo never")
                $0.ops("ios\nsystem\n")
            },
            torch("OBJ of subprocess.Popen", "calls 'subprocess.Popen': refused") {
                $0.ops("(")
                $0.global("subprocess", "Popen")
                $0.text("echo never")
                $0.ops("o")
            },
            torch("NEWOBJ of os.popen", "calls 'os.popen': refused") {
                $0.global("os", "popen")
                $0.ops(")")
                $0.op(0x81)
            },
            torch("STACK_GLOBAL of posix.system", "calls 'posix.system': refused", protocol: 4) {
                $0.text("posix")
                $0.text("system")
                $0.op(0x93)
                $0.ops(")R")
            },
            torch("call hidden in a tensor's hooks", "calls 'os.system': refused") {
                $0.global("torch._utils", "_rebuild_parameter")
                $0.tensor(count: 1, shape: [1], strides: [1])
                $0.op(0x89)
                $0.global("os", "system")
                $0.ops(")R")
                $0.op(0x87)
                $0.ops("R")
            },
            HostileFile("bare pickle that calls os.system", "pt", "calls 'os.system': refused") {
                PickleBuilder.call("os", "system")
            },
        ]

    static let pickles: [HostileFile] = [
        torch("a million nested lists", "holds more values than are read") {
            for _ in 0..<1_000_000 { $0.ops("](") }
        },
        torch("four million integers in a list, each copied from one byte", "holds more values than are read") {
            $0.ops("](K\u{1}" + String(repeating: "2", count: 999) + "e")
            for _ in 0..<4_000 { $0.ops("(K\u{1}" + String(repeating: "2", count: 999) + "e") }
        },
        torch("a long list of integers that becomes one of others", "holds more values than are read") {
            $0.ops("]")
            for _ in 0..<600 { $0.ops("(K\u{1}" + String(repeating: "2", count: 999) + "e") }
            $0.ops("Na")
        },
        torch("60,000 nested lists", "nested deeper than 200 levels") {
            for _ in 0..<60_000 { $0.ops("]") }
            for _ in 0..<59_999 { $0.ops("a") }
        },
        torch("list that contains itself", "contains itself") {
            $0.ops("]q\u{0}h\u{0}a")
        },
        torch("module that is its own child", "contains itself") {
            $0.global("net", "Loop")
            $0.ops(")")
            $0.op(0x81)
            $0.ops("q\u{0}}(")
            for key in ["_parameters", "_buffers"] {
                $0.text(key)
                $0.ops("}")
            }
            $0.text("_modules")
            $0.ops("}")
            $0.text("child")
            $0.ops("h\u{0}sub")
        },
        torch("lists that share lists, 2^40 items in all", "holds more values than are listed") {
            // Each list contains the one before it twice, which POP removes from the stack.
            $0.ops("]q\u{0}0")
            for level in 1...40 {
                let below = UnicodeScalar(UInt8(level - 1))
                $0.ops("](h\(below)h\(below)eq\(UnicodeScalar(UInt8(level)))" + (level < 40 ? "0" : ""))
            }
        },
        torch("a string referenced 100,000 times", "holds more values than are listed") {
            $0.ops("](")
            $0.text(String(repeating: "x", count: 10_000))
            $0.ops("q\u{0}")
            for _ in 0..<100_000 { $0.ops("h\u{0}") }
            $0.ops("e")
        },
        torch("names of 200 levels of 1,000 bytes", "a name of") {
            let key = String(repeating: "k", count: 1000)
            for _ in 0..<200 {
                $0.ops("}")
                $0.text(key)
            }
            $0.ops("}" + String(repeating: "s", count: 200))
        },
        torch("key of 100,000 bytes", "a key of 100000 bytes") {
            $0.ops("}")
            $0.text(String(repeating: "k", count: 100_000))
            $0.ops("Ns")
        },
        torch("missing memo entry", "memo has no entry 7") { $0.ops("h\u{7}") },
        torch("memo index of 2^31", "memo index 2147483648") {
            $0.ops("N")
            $0.op(UInt8(ascii: "r"), number: UInt32(1 << 31))
        },
        torch("string of 2^63 bytes", "length 9223372036854775808", protocol: 4) {
            $0.op(0x8D, number: UInt64(1) << 63)
        },
        torch("bytes of 2^64 - 1", "length 18446744073709551615", protocol: 4) { $0.op(0x8E, number: UInt64.max) },
        torch("byte array of 2^40", "length 1099511627776", protocol: 5) { $0.op(0x96, number: UInt64(1 << 40)) },
        torch("frame of 2^63 bytes", "length 9223372036854775808", protocol: 4) {
            $0.op(0x95, number: UInt64(1) << 63)
        },
        torch("string of 4 GB", "length 4294967295") { $0.op(UInt8(ascii: "X"), number: UInt32.max) },
        torch("integer of 2 GB", "length 2147483648") { $0.op(0x8B, number: UInt32(1 << 31)) },
        HostileFile("no STOP", "pt", "ends without STOP") {
            var pickle = PickleBuilder()
            pickle.ops("}")
            return ZipBuilder.torch(pickle.bytes).bytes
        },
        HostileFile("empty pickle", "pt", "ends without STOP") { ZipBuilder.torch([]).bytes },
        torch("STOP with an empty stack", "STOP with 0 values") { _ in },
        torch("STOP with two values", "STOP with 2 values") { $0.ops("NN") },
        torch("STOP with an open mark", "1 marks") { $0.ops("(N") },
        torch("tuple of missing values", "empty stack") {
            $0.ops("N")
            $0.op(0x86)
        },
        torch("REDUCE with an empty stack", "empty stack") { $0.ops("R") },
        torch("POP with an empty stack", "empty stack") { $0.ops("0") },
        torch("DUP with an empty stack", "empty stack") { $0.ops("2") },
        torch("value below a mark", "empty stack") { $0.ops("]N(a") },
        torch("tuple without a mark", "expected a mark, found none") { $0.ops("Nt") },
        torch("APPEND to a number", "takes no items") { $0.ops("K\u{1}Na") },
        torch("SETITEMS of three", "not keys and values") { $0.ops("}(NNNu") },
        torch("BUILD on a number", "BUILD on a plain value") { $0.ops("K\u{1}}b") },
        torch("REDUCE of a number", "not a class or function") { $0.ops("K\u{1})R") },
        torch("REDUCE without a tuple", "without a tuple") {
            $0.global("net", "Net")
            $0.ops("]R")
        },
        torch("STACK_GLOBAL of numbers", "not a string", protocol: 4) {
            $0.ops("NN")
            $0.op(0x93)
        },
        torch("unknown opcode", "opcode 0xff is not allowed") { $0.op(0xFF) },
        torch("extension code", "opcode 0x82 is not allowed") { $0.op(0x82, [1]) },
        torch("persistent id as string", "opcode 0x50 is not allowed") { $0.ops("P1\n") },
        torch("out-of-band buffer", "opcode 0x97 is not allowed", protocol: 5) { $0.op(0x97) },
        torch("protocol 9", "pickle protocol 9", protocol: 9) { $0.ops("N") },
        torch("persistent id of an unknown kind", "unknown kind 'file'") {
            $0.text("file")
            $0.op(0x85)
            $0.ops("Q")
        },
        torch("class name that does not end", "does not end") { $0.ops("ctorch") },
        torch("class name of 5,000 bytes", "a class whose name has 5000 bytes") {
            $0.global(String(repeating: "x", count: 5000), "Net")
        },
        torch("invalid integer", "is not an integer") { $0.ops("Iseven\n") },
        torch("parameter without a tensor", "_rebuild_parameter without a tensor") {
            $0.global("torch._utils", "_rebuild_parameter")
            $0.ops("N")
            $0.op(0x85)
            $0.ops("R")
        },
        torch("line feeds in a class name", "calls 'os.a\\u{D}b': refused") {
            $0.global("os", "a\u{D}b")
            $0.ops(")R")
        },
    ]
}
