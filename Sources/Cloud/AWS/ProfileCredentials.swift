import Platform

/// Credentials of the profile that the environment names: its keys, those of a role or of a program.
struct ProfileCredentials: CredentialsProvider {
    let environment: [String: String]
    let tokens: SecurityTokenService
    /// By the values of `credential_source`.
    let sources: [String: any CredentialsProvider]

    var name: String { "profile \"\((environment.set("AWS_PROFILE", "AWS_DEFAULT_PROFILE") ?? "default").oneLine)\"" }

    /// The files are read again each time: other programs renew the keys in them.
    func credentials() throws(Failure) -> AWSCredentials? {
        let profiles = try AWSProfiles(environment)
        guard let profile = profiles.selected else { return nil }
        return try find(profile, profiles, [])
    }

    /// A profile's role takes precedence over its keys, unless the profile is the source of another one's role.
    /// - Parameter roles: the profiles whose roles are assumed with these credentials.
    /// - Returns: nil where the profile has no setting of credentials.
    private func find(
        _ profile: AWSProfile, _ profiles: AWSProfiles, _ roles: [String]
    ) throws(Failure) -> AWSCredentials? {
        if !roles.isEmpty, let keys = try profile.keys() { return keys }
        guard !roles.contains(profile.profile) else {
            let cycle = (roles + [profile.profile]).map(\.oneLine).joined(separator: " -> ")
            throw Failure(profile.name, "source_profile: expected a profile with keys, found the cycle \(cycle)")
        }
        if let arn = profile["role_arn"] { return try assume(arn, profile, profiles, roles) }
        if let signIn = try SignInCredentials(profile, profiles, environment: environment, tokens: tokens) {
            return try signIn.credentials()
        }
        // Its token is bound to a key of the program that has signed in.
        guard profile["login_session"] == nil else { throw Self.unsupported("login_session", profile) }
        if let keys = try profile.keys() { return keys }
        if let line = profile["credential_process"] {
            return try ProcessCredentials(line: line, environment: environment, name: profile.name).credentials()
        }
        for (settings, missing) in [
            (Self.roleSources, "role_arn"), (["sso_session", "sso_start_url"], "sso_account_id and sso_role_name"),
        ] {
            guard let setting = settings.first(where: { profile[$0] != nil }) else { continue }
            throw Failure(profile.name, "\(setting): expected \(missing) with it, found none")
        }
        return nil
    }

    private static let roleSources = ["source_profile", "credential_source", "web_identity_token_file"]

    private static func unsupported(_ setting: String, _ profile: AWSProfile) -> Failure {
        Failure(
            profile.name,
            "\(setting) is not supported: put temporary credentials into the environment, with "
                + "eval \"$(aws configure export-credentials --profile \(profile.profile.oneLine) --format env)\"")
    }

    private func assume(
        _ arn: String, _ profile: AWSProfile, _ profiles: AWSProfiles, _ roles: [String]
    ) throws(Failure) -> AWSCredentials {
        let settings = Self.roleSources.filter { profile[$0] != nil }
        guard let setting = settings.first, let value = profile[setting], settings.count == 1 else {
            let found = settings.isEmpty ? "none" : settings.joined(separator: ", ")
            throw Failure(
                profile.name, "role_arn: expected one of \(Self.roleSources.joined(separator: ", ")), found \(found)")
        }
        // A code of a device would have to be typed in.
        guard profile["mfa_serial"] == nil else { throw Self.unsupported("mfa_serial", profile) }
        let role = try profile.role(arn)
        if setting == "web_identity_token_file" {
            return try tokens.assume(role, withTokenIn: value, of: "\(profile.name): \(setting)")
        }
        let name = "\(profile.name): \(setting)"
        let found: AWSCredentials?
        if setting == "source_profile" {
            let source = try profiles.find(value, for: name)
            found = try find(source, profiles, roles + [profile.profile])
        } else {
            guard let source = sources[value] else {
                let known = sources.keys.sorted().joined(separator: ", ")
                throw Failure(name, "expected one of \(known), found \(value.oneLine.quoted)")
            }
            found = try source.credentials()
        }
        guard let found else { throw Failure(name, "\(value.oneLine.quoted) provides no credentials") }
        return try tokens.assume(role, with: found)
    }
}
