import FoundationEssentials
import Platform

/// The profiles in `~/.aws/credentials` and `~/.aws/config`.
struct AWSProfiles {
    private let credentials: INIFile?
    private let config: INIFile?
    /// Names of the files, for error messages.
    private let files: String
    /// The profile that the environment names, by default `default`; nil where neither file contains the latter.
    private(set) var selected: AWSProfile?

    /// - Parameter environment: `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE` and `HOME`.
    /// - Throws: `Failure` of kind `.input` for a file that cannot be read, `.notFound` for a file or a profile that the
    ///   environment names and that does not exist.
    init(_ environment: [String: String]) throws(Failure) {
        let home = environment.set("HOME").map { $0 + "/.aws/" }
        let asked = environment.set("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
        func read(_ variable: String, _ file: String) throws(Failure) -> (INIFile?, String?) {
            let named = environment.set(variable)
            guard let path = named ?? home.map({ $0 + file }) else { return (nil, nil) }
            guard FileManager.default.fileExists(atPath: path) else {
                // Without a profile's name, a file that is not there is a way to have none.
                guard named == nil || asked == nil else {
                    throw Failure(.notFound, variable, "\(path.oneLine): no such file")
                }
                return (nil, path)
            }
            guard let text = String(validating: try FileBytes.read(path), as: UTF8.self) else {
                throw Failure(path, "cannot be read as text")
            }
            return (try INIFile(text, name: path), path)
        }
        let (credentials, credentialsPath) = try read("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        let (config, configPath) = try read("AWS_CONFIG_FILE", "config")
        (self.credentials, self.config) = (credentials, config)
        files = [credentialsPath, configPath].compactMap { $0?.oneLine }.joined(separator: " nor in ")
        guard let asked else {
            selected = self["default"]
            return
        }
        selected = try find(asked, for: environment.set("AWS_PROFILE") == nil ? "AWS_DEFAULT_PROFILE" : "AWS_PROFILE")
    }

    /// Settings in the file of credentials take precedence.
    private subscript(_ name: String) -> AWSProfile? {
        let own = credentials?.sections[name]
        let other = config?.sections["profile \(name)"] ?? (name == "default" ? config?.sections[name] : nil)
        guard own != nil || other != nil else { return nil }
        return AWSProfile(profile: name, settings: (other ?? [:]).merging(own ?? [:]) { $1 })
    }

    /// - Parameter setting: that names the profile, for the error message.
    /// - Throws: `Failure` of kind `.notFound`.
    func find(_ name: String, for setting: String) throws(Failure) -> AWSProfile {
        guard let found = self[name] else {
            throw Failure(.notFound, setting, "no profile \"\(name.oneLine)\" in \(files)")
        }
        return found
    }

    /// The section of a sign-in that a profile names.
    /// - Throws: `Failure` of kind `.input` where the files have no such section.
    func session(_ name: String, of profile: AWSProfile) throws(Failure) -> AWSProfile {
        guard let settings = config?.sections["sso-session \(name)"] else {
            throw Failure(profile.name, "sso_session: no [sso-session \(name.oneLine)] in \(files)")
        }
        return AWSProfile(profile: profile.profile, settings: settings)
    }
}

/// The settings of one profile.
struct AWSProfile {
    let profile: String
    let settings: [String: String]
    /// Name in error messages.
    var name: String { "profile \"\(profile.oneLine)\"" }

    /// nil for a setting that is absent or empty.
    subscript(_ setting: String) -> String? { settings.set(setting) }

    /// The keys in the profile itself; nil where it has none.
    /// - Throws: `Failure` of kind `.input` for one key without the other, and for a token without keys.
    func keys() throws(Failure) -> AWSCredentials? {
        let token = self["aws_session_token"]
        switch (self["aws_access_key_id"], self["aws_secret_access_key"]) {
        case (let access?, let secret?):
            return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: token)
        case (nil, nil):
            guard token == nil else {
                throw Failure(name, "aws_session_token: expected aws_access_key_id and aws_secret_access_key with it")
            }
            return nil
        default:
            throw Failure(name, "has only one of aws_access_key_id and aws_secret_access_key: expected both")
        }
    }

    /// The role that the profile names.
    /// - Throws: `Failure` of kind `.input` where `duration_seconds` is not valid.
    func role(_ arn: String) throws(Failure) -> AssumedRole {
        var role = AssumedRole(arn: arn, session: self["role_session_name"], externalID: self["external_id"])
        if let text = self["duration_seconds"] {
            guard let seconds = Int(text), (900...43_200).contains(seconds) else {
                throw Failure(
                    name, "duration_seconds: expected a whole number from 900 to 43200, found \(text.oneLine.quoted)")
            }
            role.seconds = seconds
        }
        return role
    }
}
