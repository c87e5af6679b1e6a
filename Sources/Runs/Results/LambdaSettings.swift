import Platform

/// Settings that AWS Lambda passes to a function.
enum LambdaSettings {
    static func logGroup(_ environment: [String: String]) -> String? { environment.set("AWS_LAMBDA_LOG_GROUP_NAME") }

    static func logStream(_ environment: [String: String]) -> String? { environment.set("AWS_LAMBDA_LOG_STREAM_NAME") }

    /// Configured memory in MB of 2^20 bytes; nil outside of Lambda.
    static func memory(_ environment: [String: String]) -> Int? {
        environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }.flatMap { 1...1 << 20 ~= $0 ? $0 : nil }
    }
}
