import Synchronization

@testable import Cloud
@testable import Platform

extension FuzzTarget {
    /// Responses of S3 for an object: a status, headers and a body; further ones after `----`; a status that ends in
    /// `!` breaks off. The result has the requested length and consists of the bodies; a given checksum is right.
    static let objects = FuzzTarget(
        "objects", maximumLength: 2048,
        seeds: {
            [
                Sections.joined("200\nContent-Length: 4\nETag: \"e\"\nx-amz-checksum-crc32: 7YLNEQ==\n\nabcd"),
                Sections.joined("206\nContent-Range: bytes 2-5/9\nETag: W/\"e\"\n\ncdef"),
                Sections.joined(
                    "200!\nContent-Length: 6\nETag: e\n\nabc", "206\nContent-Range: bytes 3-5/6\nETag: e\n\ndef"),
                Sections.joined("503\nRetry-After: 1e300\n\n", "404\n\n<Error><Code>NoSuchKey</Code></Error>"),
                Sections.joined(
                    "200\nLambda-Runtime-Aws-Request-Id: 1-2\nLambda-Runtime-Deadline-Ms: nan\nLambda-Runtime-Trace-Id: Root=1\n\n{}"
                ),
            ]
        },
        run: { bytes in
            let sections = Sections.split(bytes).prefix(4)
            let answers = sections.map { answer($0) }
            for range in [nil, 2..<6] {
                Promise.refusal {
                    let read = try client(answers).get(bucket: "bucket", key: "key", range: range, etag: nil)
                    Promise.keep(range.map { read.count == $0.count } ?? true, "\(read.count) bytes")
                    let bodies = answers.map(\.response.body)
                    Promise.keep(
                        bodies.contains(read) || bodies.joined().count >= read.count && isMade(read, of: bodies),
                        "bytes that no response has")
                    guard range == nil, answers.count == 1, let first = answers.first?.response else { return }
                    let length = first.header("Content-Length").flatMap { Int($0) }
                    Promise.keep(length.map { $0 == read.count } ?? true, "the length differs")
                }
            }
            Promise.refusal {
                let info = try client(answers).head(bucket: "bucket", key: "key")
                Promise.keep(
                    info.map { $0.size >= 0 && !$0.etag.contains("\"") } ?? true, "a size of \(info?.size ?? 0)")
            }
            Promise.refusal { try client(answers).put(bucket: "bucket", key: "key", [1, 2, 3]) }
            Promise.refusal { try client(answers).delete(bucket: "bucket", key: "key") }
            if let first = answers.first, let context = LambdaContext(first.response) {
                Promise.line(context.requestID)
                Promise.keep(!context.requestID.contains("/"), "an id with a slash")
                Promise.keep(context.deadline?.isFinite ?? true, "a deadline of \(context.deadline ?? 0)")
            }
        })

    private struct Answer: Sendable {
        let response: HTTPResponse
        let isBroken: Bool
    }

    private static func answer(_ bytes: [UInt8]) -> Answer {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        let first = String(decoding: lines.removeFirst(), as: UTF8.self)
        var headers: [(name: String, value: String)] = []
        while let line = lines.first, !line.isEmpty {
            let text = String(decoding: lines.removeFirst(), as: UTF8.self)
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            headers.append((String(text[..<colon]), String(text[colon...].dropFirst().drop { $0 == " " })))
        }
        let body = Array(lines.dropFirst().joined(separator: [10]))
        let status = Int(first.prefix { $0.isASCII && $0.isNumber }.prefix(3)) ?? 200
        return Answer(
            response: HTTPResponse(status: status, headers: headers, body: body), isBroken: first.hasSuffix("!"))
    }

    /// Whether bytes are a sequence of the bodies, of which some may be missing.
    private static func isMade(_ bytes: [UInt8], of bodies: [[UInt8]]) -> Bool {
        guard let first = bodies.first else { return bytes.isEmpty }
        let rest = Array(bodies.dropFirst())
        if bytes.isEmpty || isMade(bytes, of: rest) { return true }
        return bytes.starts(with: first) && isMade(Array(bytes.dropFirst(first.count)), of: rest)
    }

    /// One response after another; the last one is repeated.
    private final class Answers: HTTPTransport {
        private let answers: [Answer]
        private let next = Mutex(0)

        init(_ answers: [Answer]) { self.answers = answers }

        private func take() -> Answer {
            answers[
                next.withLock { position in
                    defer { position = min(position + 1, answers.count - 1) }
                    return position
                }]
        }

        func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse { take().response }

        func exchange(_ request: HTTPRequest) -> HTTPOutcome {
            let answer = take()
            return answer.isBroken
                ? .broken(answer.response, Failure(.unavailable, "it", "broke off")) : .whole(answer.response)
        }
    }

    private static func client(_ answers: [Answer]) throws(Failure) -> S3Client {
        var retries = RetryPolicy()
        retries.sleep = { _ in }
        retries.attempts = 3
        let configuration = AWSConfiguration(
            region: "us-east-1",
            credentials: AWSCredentials(accessKey: "AKIDFUZZ", secretKey: "hushSecretKeyOfATest", sessionToken: nil))
        return try S3Client(configuration, transport: Answers(answers), retries: retries)
    }
}
