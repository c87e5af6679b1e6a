import Platform

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, also those of a Lambda function.
struct EnvironmentCredentials: CredentialsProvider {
    let environment: [String: String]
    var name: String { "the environment" }

    /// - Throws: `Failure` of kind `.input` for a key without the other, and for a token without keys.
    func credentials() throws(Failure) -> AWSCredentials? {
        func set(_ variable: String) -> String? {
            environment[variable].map { $0.trimmingSpaces }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let token = set("AWS_SESSION_TOKEN")
        switch (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
        case (let access?, let secret?):
            return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: token)
        case (nil, nil):
            guard token == nil else {
                throw Failure(
                    name, "AWS_SESSION_TOKEN is set: expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY with it")
            }
            return nil
        default:
            throw Failure(name, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: expected both")
        }
    }
}
