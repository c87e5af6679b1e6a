import Foundation
import Synchronization
import TestSupport

@testable import Cloud
@testable import Platform

enum FoundCredentials {
    /// The credentials found in `environment`, with `files` in the folder `.aws` of a separate home folder.
    static func find(
        _ environment: [String: String], files: [String: String] = [:], transport: some HTTPTransport
    ) throws -> (region: String, credentials: AWSCredentials) {
        try Fixture.withTemporaryFolder { home in
            for (name, text) in files {
                let file = URL(fileURLWithPath: home + "/.aws/" + name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
            let all = ["HOME": home].merging(environment) { $1 }
            let configuration = try AWSConfiguration(all, transport: transport)
            return (configuration.region, try configuration.credentials.credentials())
        }
    }
}

/// AWS STS on no machine: gives the credentials `A1`, `A2` and so on, each valid until 2100.
final class FakeTokenService: HTTPTransport {
    private let kept = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable ([String: String]) -> HTTPResponse?

    /// - Parameter answer: to the fields of a request; nil for new credentials.
    init(_ answer: @escaping @Sendable ([String: String]) -> HTTPResponse? = { _ in nil }) { self.answer = answer }

    var requests: [HTTPRequest] { kept.withLock { $0 } }
    /// The fields of all requests.
    var fields: [[String: String]] { requests.map(Self.fields) }

    func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse {
        let number = kept.withLock { kept in
            kept.append(request)
            return kept.count
        }
        let fields = Self.fields(request)
        if let response = answer(fields) { return response }
        let action = fields["Action"] ?? ""
        let text = """
            <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(action)Result>
            <AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser>
            <Credentials><AccessKeyId>A\(number)</AccessKeyId><SecretAccessKey>S\(number)</SecretAccessKey>
            <SessionToken>T\(number)</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
            </\(action)Result></\(action)Response>
            """
        return HTTPResponse(status: 200, body: Array(text.utf8))
    }

    static func refusal(_ status: Int, _ code: String, _ message: String) -> HTTPResponse {
        let text = "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>\(message)</Message></Error>"
        return HTTPResponse(status: status, body: Array("\(text)</ErrorResponse>".utf8))
    }

    private static func fields(_ request: HTTPRequest) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in request.text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields[String(parts[0])] = parts.count > 1 ? String(parts[1]).removingPercentEncoding : nil
        }
        return fields
    }
}
