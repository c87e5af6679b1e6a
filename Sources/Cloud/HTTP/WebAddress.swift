import Platform

/// The parts of an `http` or `https` URL, not decoded.
struct WebAddress: Equatable {
    let scheme: String
    /// Without the brackets of an IPv6 address.
    let host: String
    /// nil where the URL contains none.
    let port: Int?
    /// Begins with a slash.
    let path: String
    /// The part after the question mark; may be empty.
    let query: String

    /// - Throws: `Failure` of kind `.input` for another scheme, no host, a user or a fragment.
    init(_ url: String) throws(Failure) {
        func failure(_ what: String) -> Failure { Failure(Self.withoutQuery(url).oneLine, what) }
        guard let colon = url.utf8.firstRange(of: "://".utf8) else {
            throw failure("no URL: it has to begin with http(s)://")
        }
        scheme = url[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw failure("no http(s) URL") }
        let rest = url[colon.upperBound...]
        let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let authority = rest[..<end]
        guard !rest.utf8.contains(UInt8(ascii: "#")), !authority.utf8.contains(UInt8(ascii: "@")) else {
            throw failure("a URL with a user or a fragment is not taken")
        }
        let (hostPart, portPart) = Self.split(authority)
        guard !hostPart.isEmpty else { throw failure("the URL names no host") }
        if let portPart, !portPart.isEmpty {
            guard let number = Int(portPart), (1...65535).contains(number) else {
                throw failure("the URL's port is not a number from 1 to 65535")
            }
            port = number
        } else {
            port = nil
        }
        host = hostPart.lowercased()
        let target = rest[end...]
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let pathPart = target[..<(mark ?? target.endIndex)]
        path = pathPart.isEmpty ? "/" : String(pathPart)
        query = mark.map { String(target[target.utf8.index(after: $0)...]) } ?? ""
    }

    /// Value of the Host header: with the port unless it is the default of the scheme.
    var hostHeader: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        guard let port, port != (scheme == "https" ? 443 : 80) else { return name }
        return "\(name):\(port)"
    }

    /// The URL for error messages: without user and query, which may contain a signature.
    static func withoutQuery(_ url: String) -> String {
        let end = url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? url.endIndex
        let shown = url[..<end]
        guard let colon = shown.utf8.firstRange(of: "://".utf8) else { return String(shown) }
        let rest = shown[colon.upperBound...]
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        guard let at = rest[..<slash].utf8.lastIndex(of: UInt8(ascii: "@")) else { return String(shown) }
        return String(shown[..<colon.upperBound]) + rest[rest.utf8.index(after: at)...]
    }

    /// Whether it is a loopback or link-local address (metadata services, runtimes, tests), for which no proxy is used.
    var isLocal: Bool {
        isLoopback || host.hasPrefix("fe80:") || host.hasPrefix("fd00:ec2:")
            || numbers.map { $0[0] == 169 && $0[1] == 254 } ?? false
    }

    /// Whether it is this machine, over no network.
    var isLoopback: Bool { host == "localhost" || host == "::1" || numbers?[0] == 127 }

    /// The four numbers of an IPv4 address; nil for other hosts.
    private var numbers: [UInt8]? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { UInt8($0) }
        return parts.count == 4 && numbers.count == 4 ? numbers : nil
    }

    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        if authority.utf8.first == UInt8(ascii: "["), let close = authority.utf8.firstIndex(of: UInt8(ascii: "]")) {
            let rest = authority[authority.utf8.index(after: close)...]
            let inside = authority[authority.utf8.index(after: authority.startIndex)..<close]
            guard rest.isEmpty || rest.utf8.first == UInt8(ascii: ":") else { return ("", nil) }
            return (inside, rest.isEmpty ? nil : rest.dropFirst())
        }
        guard let colon = authority.utf8.firstIndex(of: UInt8(ascii: ":")) else { return (authority, nil) }
        return (authority[..<colon], authority[authority.utf8.index(after: colon)...])
    }
}
