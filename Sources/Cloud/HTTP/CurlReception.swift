import CCurl

/// The received part of a response. libcurl calls it on the thread that runs the exchange.
final class CurlReception {
    private var status: Int?
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    /// Takes the body of a range instead of `body`.
    private let receiver: (any ByteReceiver)?
    /// Bytes of the body, in `body` or received.
    private(set) var byteCount = 0
    /// Whether the receiver did not expect as many bytes.
    private(set) var isOverfull = false
    /// Whether a range was asked for.
    private let isOfRange: Bool
    /// Whether the body was refused, as a whole object is where a range was asked for.
    private(set) var isRefused = false

    init(_ request: HTTPRequest) {
        receiver = request.receiver
        isOfRange = request.headers.contains { $0.name.lowercased() == "range" }
    }

    /// nil before a status line was received.
    var response: HTTPResponse? { status.map { HTTPResponse(status: $0, headers: headers, body: body) } }

    /// Limit on the memory reserved for a declared length; beyond it, memory grows with the received bytes.
    private static let most = 64 << 20

    private func take(header line: UnsafeRawBufferPointer) {
        let text = unsafe String(decoding: line, as: UTF8.self).trimmingSpaces
        if text.hasPrefix("HTTP/") {
            // Interim responses such as "100 Continue" come before the final one.
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            headers = []
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(text[..<colon])
            let value = text[text.utf8.index(after: colon)...].trimmingSpaces
            headers.append((name, value))
            if name.lowercased() == "content-length", let length = Int(value), length > 0,
                receiver == nil || status != 206, !isOtherThanRange
            {
                body.reserveCapacity(min(length, Self.most))
            }
        }
    }

    /// Whether the request succeeded, with something else than the range that was asked for.
    private var isOtherThanRange: Bool { isOfRange && status.map { (200..<300).contains($0) && $0 != 206 } ?? false }

    private func take(body piece: UnsafeRawBufferPointer) -> Bool {
        byteCount += piece.count
        guard !isOtherThanRange else {
            isRefused = true
            return false
        }
        guard let receiver, status == 206 else {
            unsafe body.append(contentsOf: piece)
            return true
        }
        isOverfull = unsafe !receiver.take(piece.bytes)
        return !isOverfull
    }

    static let takeHeader: cai_curl_transfer = { bytes, size, count, context in
        guard let context = unsafe context else { return 0 }
        let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        unsafe Unmanaged<CurlReception>.fromOpaque(context).takeUnretainedValue().take(header: line)
        return size * count
    }

    static let takeBody: cai_curl_transfer = { bytes, size, count, context in
        guard let context = unsafe context else { return 0 }
        let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        let isTaken = unsafe Unmanaged<CurlReception>.fromOpaque(context).takeUnretainedValue().take(body: piece)
        return isTaken ? size * count : 0
    }
}

extension StringProtocol {
    /// Without leading and trailing spaces, tabs and line ends.
    var trimmingSpaces: String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        let bytes = Substring(self).utf8
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(Substring(bytes[first...last]))
    }
}
