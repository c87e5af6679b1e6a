import Platform

/// Credentials of a role that is assumed with the token of a file, as in pods of Kubernetes (IRSA).
struct WebIdentityCredentials: CredentialsProvider {
    let environment: [String: String]
    let tokens: SecurityTokenService
    var name: String { "the web identity of AWS_ROLE_ARN" }

    /// - Throws: `Failure` of kind `.input` where only one of the variables is set; errors of the file and of AWS STS.
    func credentials() throws(Failure) -> AWSCredentials? {
        switch (environment.set("AWS_ROLE_ARN"), environment.set("AWS_WEB_IDENTITY_TOKEN_FILE")) {
        case (nil, nil): return nil
        case (let arn?, let file?):
            let role = AssumedRole(arn: arn, session: environment.set("AWS_ROLE_SESSION_NAME"))
            return try tokens.assume(role, withTokenIn: file, of: "AWS_WEB_IDENTITY_TOKEN_FILE")
        default:
            throw Failure(
                "the environment", "only one of AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE is set: expected both")
        }
    }
}

/// A token of one line in a file, which other programs replace before it expires.
enum TokenFile {
    /// - Parameter setting: that names the file, for error messages.
    /// - Throws: `Failure` where the file cannot be read, or is not one line of text. Its content is not shown.
    static func read(_ path: String, of setting: String) throws(Failure) -> Secret {
        let bytes: [UInt8]
        do throws(Failure) { bytes = try FileBytes.read(path) } catch {
            throw Failure(error.kind, setting, error.description.oneLine)
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmingSpaces
        // A line end would begin another header.
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Failure(
                setting, "\(path.oneLine): expected a token of one line, found \(bytes.count) bytes without one")
        }
        return Secret(value: token)
    }
}
