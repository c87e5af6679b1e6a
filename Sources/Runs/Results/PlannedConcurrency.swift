import Cloud
import Costs
import Platform

/// The number of workers at the same time of a run whose input names none, and why as many: other functions of the account
/// have to keep some of its limit.
public struct PlannedConcurrency: Sendable, Equatable {
    public let workers: Int
    /// A phrase, such as `80% of the 900 that functions of the account share`.
    public let reason: String

    /// Where nothing is known of the account.
    static let usual = 500

    init(workers: Int, reason: String) { (self.workers, self.reason) = (workers, reason) }

    /// Four fifths of what functions without a reservation share, at least 1.
    public init(_ account: LambdaConcurrency) {
        let shared = max(0, account.unreserved)
        workers = min(LambdaLimits.mostConcurrency, max(1, shared / 5 * 4 + shared % 5 * 4 / 5))
        reason = "80% of the \(shared) that functions of the account share"
    }

    /// For the functions of a fan-out: the reservation of the worker function (`CAI_RESERVED_CONCURRENCY`, if above 0), else
    /// on AWS Lambda by the account, else `CAI_MAX_CONCURRENCY`; nil where nothing is set.
    /// - Parameter account: asks for the account's limit.
    /// - Throws: `Failure` naming the variable that is not a valid number.
    static func planned(
        _ environment: [String: String], account: () throws(Failure) -> LambdaConcurrency
    ) throws(Failure) -> PlannedConcurrency? {
        if let reserved = try number("CAI_RESERVED_CONCURRENCY", in: -1...Int.max, environment), reserved > 0 {
            return PlannedConcurrency(
                workers: min(LambdaLimits.mostConcurrency, reserved), reason: "reserved for the worker function")
        }
        let given = try number("CAI_MAX_CONCURRENCY", in: 1...LambdaLimits.mostConcurrency, environment)
        guard environment.set("AWS_LAMBDA_FUNCTION_NAME") != nil else {
            return given.map { PlannedConcurrency(workers: $0, reason: "CAI_MAX_CONCURRENCY") }
        }
        do throws(Failure) { return PlannedConcurrency(try account()) } catch {
            return PlannedConcurrency(
                workers: given ?? usual,
                reason: (given == nil ? "the default" : "CAI_MAX_CONCURRENCY")
                    + ", since the account's limit cannot be read: \(error.message.shortened(to: 200))")
        }
    }

    /// On AWS Lambda, the account is asked with the function's credentials.
    static func planned(_ environment: [String: String]) throws(Failure) -> PlannedConcurrency? {
        try planned(environment) { () throws(Failure) in
            let transport = CurlTransport(environment: environment)
            return try LambdaConcurrency(
                AWSConfiguration(environment, transport: transport), transport: transport, retries: .few)
        }
    }

    private static func number(
        _ variable: String, in range: ClosedRange<Int>, _ environment: [String: String]
    ) throws(Failure) -> Int? {
        guard let text = environment.set(variable) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let most =
                range.upperBound == Int.max
                ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw Failure(variable, "expected a whole number \(most), found '\(text.oneLine)'")
        }
        return number
    }
}

/// In a manifest and in a summary: two keys, absent where none was planned.
extension PlannedConcurrency {
    static let key = "max_concurrency"
    static let reasonKey = "max_concurrency_reason"

    init?(_ payload: Payload) throws(Failure) {
        guard let workers = try payload.count(Self.key, in: 1...LambdaLimits.mostConcurrency) else { return nil }
        self.init(workers: workers, reason: try payload.text(Self.reasonKey) ?? "")
    }

    var fields: [String: JSONValue] { [Self.key: .integer(workers), Self.reasonKey: .string(reason)] }
}
