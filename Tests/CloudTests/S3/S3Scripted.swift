import Synchronization
import TestSupport

@testable import Cloud

/// Records the delays of a client, which does not wait.
final class Waits: Sendable {
    private let all = Mutex<[Double]>([])

    var seconds: [Double] { all.withLock { $0 } }
    func add(_ seconds: Double) { all.withLock { $0.append(seconds) } }
}

enum S3Scripted {
    static let accessKey = "AKIDSCRIPTED"
    static let secretKey = "hushSecretKey"
    static let token = "hushSessionToken=="

    /// A client of `server` without delays between retries.
    /// - Parameter stall: the time limit for stalling, in seconds.
    static func client(
        _ server: LoopbackServer, waits: Waits = Waits(), region: String = "us-east-1", stall: Double = 300
    ) throws -> S3Client {
        var retries = RetryPolicy()
        retries.sleep = { waits.add($0) }
        retries.random = { 1 }
        let credentials = AWSCredentials(accessKey: accessKey, secretKey: secretKey, sessionToken: token)
        let configuration = AWSConfiguration(
            region: region, credentials: credentials, environment: ["AWS_ENDPOINT_URL_S3": server.url])
        let transport = CurlTransport(limits: .init(connect: 60, stall: stall), environment: [:])
        return try S3Client(configuration, transport: transport, retries: retries)
    }

    static func error(_ status: Int, _ code: String, _ inner: String = "") -> LoopbackServer.Step {
        let text = "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code>\(inner)</Error>"
        return .answer(status, Array(text.utf8), headers: ["Content-Type": "application/xml"])
    }

    /// The response of S3 to the Range header of a request; all bytes without one.
    static func content(
        _ bytes: [UInt8], _ request: LoopbackServer.Request, headers: [String: String] = [:]
    ) -> (status: Int, body: [UInt8], headers: [String: String]) {
        var headers = ["ETag": "\"tag\""].merging(headers) { $1 }
        guard let text = request.headers["range"] else { return (200, bytes, headers) }
        let numbers = text.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard let first = numbers.first, first < bytes.count else { return (416, [], headers) }
        let last = min(numbers.count > 1 ? numbers[1] : bytes.count - 1, bytes.count - 1)
        headers["Content-Range"] = "bytes \(first)-\(last)/\(bytes.count)"
        return (206, Array(bytes[first...last]), headers)
    }
}
