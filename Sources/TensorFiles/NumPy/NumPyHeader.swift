import Platform

/// The dictionary before an array's data: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NumPyHeader {
    let element: NumPyElement
    let isColumnMajor: Bool
    let shape: [Int]

    private static let maximumRank = 64
    private static let maximumDepth = 8
    private static let maximumFields = 4096

    init(_ bytes: RawSpan, failure: (String) -> Failure) throws(Failure) {
        var text = Substring(bytes.text(0..<bytes.byteCount))
        func take(_ token: String) -> Bool {
            while let first = text.first, first.isWhitespace { text.removeFirst() }
            guard text.hasPrefix(token) else { return false }
            text.removeFirst(token.count)
            return true
        }
        func expect(_ token: String) throws(Failure) {
            guard take(token) else { throw failure("header: \(token.quoted) expected before \(String(text).quoted)") }
        }
        func string() throws(Failure) -> String {
            let quote = take("'") ? "'" : "\""
            if quote == "\"" { try expect("\"") }
            let value = text.prefix { $0 != Character(quote) && $0 != "\\" }
            text.removeFirst(value.count)
            try expect(quote)
            return String(value)
        }
        func length() throws(Failure) -> Int {
            _ = take("")
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else {
                throw failure("header: \(String(text.prefix(32)).quoted) is not a length within 64 bits")
            }
            text.removeFirst(digits.count)
            _ = take("L")  // as Python 2 wrote long integers
            return number
        }

        func axes() throws(Failure) -> [Int] {
            var lengths: [Int] = []
            try expect("(")
            while !take(")") {
                guard lengths.count < Self.maximumRank else { throw failure("header: more than \(lengths.count) axes") }
                lengths.append(try length())
                if !take(",") {
                    try expect(")")
                    break
                }
            }
            return lengths
        }
        var fieldCount = 0
        /// `'<f4'`, or the fields of a record: `[('ra', '<f8'), ('flux', '<f4', (5,))]`.
        func type(depth: Int) throws(Failure) -> NumPyElement {
            guard take("[") else { return NumPyElement(try string()) }
            guard depth < Self.maximumDepth else { throw failure("header: records more than \(depth) deep") }
            var fields: [NumPyField] = []
            var isSized = true
            while !take("]") {
                fieldCount += 1
                guard fieldCount <= Self.maximumFields else {
                    throw failure("header: more than \(fieldCount - 1) fields")
                }
                try expect("(")
                let isTitled = take("(")
                var name = try string()
                if isTitled {
                    try expect(",")
                    name = try string()
                    try expect(")")
                }
                try expect(",")
                let element = try type(depth: depth + 1)
                let shape = take(",") ? try axes() : []
                try expect(")")
                guard name.isEmpty || !fields.contains(where: { $0.name == name }) else {
                    throw failure("header: field \(name.quoted) appears twice")
                }
                if let field = NumPyField(name, element, shape: shape, start: fields.last?.end ?? 0) {
                    fields.append(field)
                } else {
                    isSized = false
                }
                if !take(",") {
                    try expect("]")
                    break
                }
            }
            return isSized
                ? .record(fields) : .refused("has fields of objects, or of lengths that overflow", byteCount: nil)
        }

        var descr: NumPyElement?
        var columnMajor: Bool?
        var lengths: [Int]?
        try expect("{")
        while !take("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr" where descr == nil: descr = try type(depth: 0)
            case "fortran_order" where columnMajor == nil:
                columnMajor = take("True")
                if columnMajor == false { try expect("False") }
            case "shape" where lengths == nil: lengths = try axes()
            default: throw failure("header: \(key.quoted) is unknown or appears twice")
            }
            if !take(",") {
                try expect("}")
                break
            }
        }
        guard text.allSatisfy({ $0.isWhitespace }) else { throw failure("header: something follows its dictionary") }
        guard let descr, let columnMajor, let lengths else {
            throw failure("header: descr, fortran_order or shape is missing")
        }
        (self.element, isColumnMajor, self.shape) = (descr, columnMajor, lengths)
    }
}
