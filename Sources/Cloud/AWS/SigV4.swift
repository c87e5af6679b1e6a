import FoundationEssentials
import Platform

/// Signature Version 4, in the Authorization header ("Signature Version 4 signing process", AWS General Reference).
public enum SigV4 {
    /// Adds the date, the session token, for S3 the hash of the body, and the signature over these and all other headers.
    ///
    /// - Parameters:
    ///   - request: without these headers; its URL must be percent-encoded.
    ///   - service: as in the scope of credentials, such as `s3` or `states`.
    ///   - date: seconds since 1970.
    ///   - bodyIsSigned: false for a body that only TLS protects; for S3.
    /// - Throws: `Failure` of kind `.input` for an invalid URL.
    public static func sign(
        _ request: HTTPRequest, service: String, region: String, credentials: AWSCredentials, date: Double,
        bodyIsSigned: Bool = true
    ) throws(Failure) -> HTTPRequest {
        let draft = try Draft(request, service, region, credentials, date, bodyIsSigned)
        var signed = request
        // With the signed Host header, which is in lower case.
        signed.headers = draft.headers
        signed.headers.append(("Authorization", draft.authorization(credentials)))
        return signed
    }

    /// The steps of signing.
    struct Draft {
        let headers: [(name: String, value: String)]
        let canonicalRequest: String
        let stringToSign: String
        private let scope: [String]
        private let signedHeaders: String

        init(
            _ request: HTTPRequest, _ service: String, _ region: String, _ credentials: AWSCredentials, _ date: Double,
            _ bodyIsSigned: Bool
        ) throws(Failure) {
            let address = try WebAddress(request.url)
            let time = Date(timeIntervalSince1970: date).basicUTC
            let isS3 = service == "s3"
            let payload = bodyIsSigned || !isS3 ? SHA256Digest.hash(request.body ?? []).hexadecimal : "UNSIGNED-PAYLOAD"
            var headers = request.headers
            headers.append(("Host", address.hostHeader))
            headers.append(("X-Amz-Date", time))
            if let token = credentials.sessionToken { headers.append(("X-Amz-Security-Token", token.value)) }
            if isS3 { headers.append(("X-Amz-Content-Sha256", payload)) }
            let lines = Self.canonical(headers)
            signedHeaders = lines.map(\.name).joined(separator: ";")
            canonicalRequest = [
                request.method, Self.canonical(path: address.path, isS3: isS3), Self.canonical(query: address.query),
                lines.map { "\($0.name):\($0.value)\n" }.joined(), signedHeaders, payload,
            ].joined(separator: "\n")
            scope = [String(time.prefix(8)), region, service, "aws4_request"]
            let hash = SHA256Digest.hash(Array(canonicalRequest.utf8)).hexadecimal
            stringToSign = ["AWS4-HMAC-SHA256", time, scope.joined(separator: "/"), hash].joined(separator: "\n")
            self.headers = headers
        }

        func authorization(_ credentials: AWSCredentials) -> String {
            var key = Array("AWS4\(credentials.secretKey.value)".utf8)
            for part in scope { key = SHA256Digest.keyed(key, Array(part.utf8)) }
            let signature = SHA256Digest.keyed(key, Array(stringToSign.utf8)).hexadecimal
            let credential = "\(credentials.accessKey.value)/\(scope.joined(separator: "/"))"
            return "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=\(signedHeaders), Signature=\(signature)"
        }

        /// Headers that may be set or changed in transit, and therefore cannot be verified.
        private static let unsigned: Set<String> = [
            "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
        ]

        /// Unique lower-case names in alphabetical order; values of the same name in their order, with single spaces.
        private static func canonical(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
            var values: [String: [String]] = [:]
            for header in headers {
                let name = header.name.lowercased()
                guard !unsigned.contains(name) else { continue }
                let words = header.value.split { $0 == " " || $0 == "\t" || $0.isNewline }
                values[name, default: []].append(words.joined(separator: " "))
            }
            return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: ",")) }
        }

        /// For S3 the encoded key. Other services resolve dots and double slashes, and encode the encoded path once more.
        private static func canonical(path: String, isS3: Bool) -> String {
            guard !isS3 else { return PercentEncoding.encode(PercentEncoding.decode(path), keepingSlashes: true) }
            var components: [Substring] = []
            for component in path.split(separator: "/") where component != "." {
                if component == ".." { _ = components.popLast() } else { components.append(component) }
            }
            let isFolder = path.utf8.last == UInt8(ascii: "/") || path.hasSuffix("/.") || path.hasSuffix("/..")
            let resolved = "/" + components.joined(separator: "/") + (isFolder && !components.isEmpty ? "/" : "")
            return PercentEncoding.encode(resolved, keepingSlashes: true)
        }

        /// Sorted by encoded name, then by encoded value.
        private static func canonical(query: String) -> String {
            let pairs = query.split(separator: "&").map { pair in
                let mark = pair.utf8.firstIndex(of: UInt8(ascii: "="))
                let value = mark.map { pair[pair.utf8.index(after: $0)...] } ?? ""
                let parts = [pair[..<(mark ?? pair.endIndex)], value]
                return parts.map { PercentEncoding.encode(PercentEncoding.decode($0)) }
            }
            let sorted = pairs.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
            return sorted.map { $0.joined(separator: "=") }.joined(separator: "&")
        }
    }
}
