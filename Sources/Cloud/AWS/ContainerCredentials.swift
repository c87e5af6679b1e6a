import FoundationEssentials
import Platform

/// Credentials of a container (ECS, EKS pod identity), from the URL in its environment.
struct ContainerCredentials: CredentialsProvider {
    let environment: [String: String]
    let transport: any HTTPTransport
    var name: String { "the container's endpoint" }

    /// The token is read from its file each time, since it expires as well.
    func credentials() throws(Failure) -> AWSCredentials? {
        guard let url = try url() else { return nil }
        var headers: [(name: String, value: String)] = []
        let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
        if let path = environment.set(variable + "_FILE") {
            headers.append(("Authorization", try TokenFile.read(path, of: variable + "_FILE").value))
        } else if let token = environment.set(variable) {
            guard token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw Failure(name, "\(variable): expected a token of one line")
            }
            headers.append(("Authorization", token))
        }
        return try MetadataService.credentials(
            HTTPRequest("GET", url, headers: headers, timeout: 5), transport, name, refusal: .input)
    }

    /// nil where none is set.
    private func url() throws(Failure) -> String? {
        if let relative = environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard relative.hasPrefix("/") else {
                throw Failure(name, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: expected a path that begins with a slash")
            }
            return "http://169.254.170.2" + relative
        }
        guard let full = environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        let address = try WebAddress(full)
        // The token must not be sent unencrypted to other hosts.
        guard address.scheme == "https" || address.isLoopback || Self.hosts.contains(address.host) else {
            throw Failure(
                name,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https, a loopback address or one of "
                    + "\(Self.hosts.joined(separator: ", ")), found the host \(address.host.oneLine)")
        }
        return full
    }

    /// Of the agents of ECS and EKS.
    private static let hosts = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]
}
