import Platform

/// A log group of Amazon CloudWatch Logs.
public struct LogGroup: Sendable {
    private let name: String
    private let service: ServiceClient

    public init(
        _ name: String, _ configuration: AWSConfiguration, transport: any HTTPTransport, retries: RetryPolicy
    ) throws(Failure) {
        self.name = name
        service = try ServiceClient(.logs, configuration, transport: transport, retries: retries)
    }

    private struct Question: Encodable {
        let logGroupName: String
        let startTime: Int
        let endTime: Int
        let filterPattern: String
        var nextToken: String?
    }

    private struct Page: Decodable {
        struct Event: Decodable { let message: String? }
        let events: [Event]?
        let nextToken: String?
    }

    /// A page has up to 10,000 messages, and none where a part of the group was searched in vain.
    private static let mostPages = 1000

    /// Calls `body` with the messages of all streams in a period that match a pattern (FilterLogEvents).
    /// - Parameter period: seconds since 1970.
    /// - Throws: `Failure`; of kind `.denied` without `logs:FilterLogEvents`, `.notFound` where there is no such group.
    public func forEachMessage(
        in period: ClosedRange<Double>, matching pattern: String, _ body: (String) -> Void
    ) throws(Failure) {
        func milliseconds(_ seconds: Double) -> Int { Int(min(max(0, seconds), 1e11) * 1000) }
        var question = Question(
            logGroupName: name, startTime: milliseconds(period.lowerBound), endTime: milliseconds(period.upperBound),
            filterPattern: pattern)
        for _ in 0..<Self.mostPages {
            let page: Page = try service.call(
                "FilterLogEvents", target: "Logs_20140328", version: "1.1", question, of: name)
            for event in page.events ?? [] { if let message = event.message { body(message) } }
            guard let token = page.nextToken, !token.isEmpty else { return }
            guard token != question.nextToken else {
                throw Failure(name, "FilterLogEvents: expected another page, found the same one again")
            }
            question.nextToken = token
        }
        throw Failure(name, "FilterLogEvents: expected at most \(Self.mostPages) pages of messages, found more")
    }
}
