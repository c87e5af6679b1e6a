import FoundationEssentials
import Platform

/// The settings of one profile in `~/.aws/credentials` and `~/.aws/config`; the former take precedence.
struct AWSProfile: CredentialsProvider {
    private let settings: [String: String]
    /// Name in error messages.
    let name: String

    /// - Parameter environment: `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE` and `HOME`.
    /// - Throws: `Failure` of kind `.input` for a file that cannot be read, `.notFound` for a profile that the
    ///   environment names and neither file contains.
    init(_ environment: [String: String]) throws(Failure) {
        let asked = environment.set("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
        let profile = asked ?? "default"
        let home = environment.set("HOME").map { $0 + "/.aws/" }
        let credentialsPath = environment.set("AWS_SHARED_CREDENTIALS_FILE") ?? home.map { $0 + "credentials" }
        let configPath = environment.set("AWS_CONFIG_FILE") ?? home.map { $0 + "config" }
        let credentials = try Self.read(credentialsPath)?.sections[profile]
        let config = try Self.read(configPath)
        let other = config?.sections["profile \(profile)"] ?? (profile == "default" ? config?.sections[profile] : nil)
        if asked != nil, credentials == nil, other == nil {
            let files = [credentialsPath, configPath].compactMap { $0 }.joined(separator: " nor in ")
            throw Failure(.notFound, "AWS_PROFILE", "no profile \"\(profile.oneLine)\" in \(files)")
        }
        name = "profile \"\(profile.oneLine)\""
        settings = (other ?? [:]).merging(credentials ?? [:]) { $1 }
    }

    subscript(_ setting: String) -> String? { settings.set(setting) }

    /// nil where the profile has no credentials.
    /// - Throws: `Failure` of kind `.input` for one key without the other, and for a profile whose credentials come from an
    ///   unsupported source.
    func credentials() throws(Failure) -> AWSCredentials? {
        switch (self["aws_access_key_id"], self["aws_secret_access_key"]) {
        case (let access?, let secret?):
            return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: self["aws_session_token"])
        case (nil, nil):
            let other = ["role_arn", "sso_session", "sso_start_url", "credential_process", "login_session"]
            guard let found = other.first(where: { self[$0] != nil }) else { return nil }
            throw Failure(
                name,
                "\(found) is not supported: put credentials into the environment (aws configure export-credentials)")
        default:
            throw Failure(name, "has only one of aws_access_key_id and aws_secret_access_key: expected both")
        }
    }

    private static func read(_ path: String?) throws(Failure) -> INIFile? {
        guard let path, FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self)
        else { throw Failure(path, "cannot be read as text") }
        return try INIFile(text, name: path)
    }
}
