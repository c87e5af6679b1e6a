import Platform

/// An element of an XML document, with its content.
struct XMLElement: Equatable {
    let name: String
    private(set) var children: [XMLElement] = []
    private var ownText = ""

    /// The text of an element without children; otherwise empty.
    var text: String { children.isEmpty ? ownText : "" }

    /// The text of the first child with that name.
    subscript(_ name: String) -> String? { children.first { $0.name == name }?.text }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    private init(name: String) { self.name = name }

    /// The root element of a document.
    init(document bytes: [UInt8]) throws(XMLError) {
        var reader = XMLReader(bytes)
        var path: [XMLElement] = []
        var root: XMLElement?
        while let event = try reader.next() {
            switch event {
            case .start(let name): path.append(XMLElement(name: name))
            case .text(let text): if !path.isEmpty { path[path.count - 1].ownText += text }
            case .end:
                guard let element = path.popLast() else { continue }
                if path.isEmpty { root = element } else { path[path.count - 1].children.append(element) }
            }
        }
        guard let root else { throw XMLError(what: "no element", offset: bytes.count) }
        self = root
    }

    /// `text` as an element's content.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
