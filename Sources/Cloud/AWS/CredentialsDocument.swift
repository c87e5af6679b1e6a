import FoundationEssentials
import Platform

/// Credentials as services and programs write them.
struct CredentialsDocument: Decodable {
    /// Of the output of a program.
    var Version: Int?
    var AccessKeyId: String?
    var SecretAccessKey: String?
    /// Of metadata services.
    var Token: String?
    /// Of AWS STS and programs.
    var SessionToken: String?
    /// In ISO 8601.
    var Expiration: String?

    /// Reads JSON.
    /// - Throws: `Failure` that does not quote the bytes.
    init(_ bytes: [UInt8], _ subject: String) throws(Failure) {
        guard let found = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
            throw Failure(subject, "expected a JSON object with AccessKeyId and SecretAccessKey, found none")
        }
        self = found
    }

    init(AccessKeyId: String?, SecretAccessKey: String?, SessionToken: String?, Expiration: String?) {
        (self.AccessKeyId, self.SecretAccessKey) = (AccessKeyId, SecretAccessKey)
        (self.SessionToken, self.Expiration) = (SessionToken, Expiration)
    }

    /// - Throws: `Failure` of kind `.input` where a key is missing, or the time of expiration is invalid: credentials
    ///   without it would not be renewed.
    func credentials(_ subject: String) throws(Failure) -> AWSCredentials {
        guard let AccessKeyId, let SecretAccessKey, !AccessKeyId.isEmpty, !SecretAccessKey.isEmpty else {
            throw Failure(subject, "the answer holds no credentials: expected AccessKeyId and SecretAccessKey")
        }
        var expiration: Double?
        if let Expiration, !Expiration.isEmpty {
            guard let date = Date(extended: Expiration) else {
                throw Failure(
                    subject,
                    "Expiration: expected a time such as 2030-01-02T03:04:05Z, found \(Expiration.oneLine.quoted)")
            }
            expiration = date.timeIntervalSince1970
        }
        return AWSCredentials(
            accessKey: AccessKeyId, secretKey: SecretAccessKey, sessionToken: SessionToken ?? Token,
            expiration: expiration)
    }
}
