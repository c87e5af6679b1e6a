import FoundationEssentials
import Platform

/// Credentials of a container (ECS, EKS pod identity), from the URL in its environment.
struct ContainerCredentials: CredentialsProvider {
    let environment: [String: String]
    let transport: any HTTPTransport
    var name: String { "the container's endpoint" }

    func credentials() throws(Failure) -> AWSCredentials? {
        let url: String
        if let relative = environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard relative.hasPrefix("/") else { throw failure("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path") }
            url = "http://169.254.170.2" + relative
        } else if let full = environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = full
            let address = try WebAddress(url)
            // The token must not be sent unencrypted except to this machine and its link.
            guard address.scheme == "https" || address.isLocal else {
                throw failure("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine")
            }
        } else {
            return nil
        }
        var headers: [(name: String, value: String)] = []
        if let path = environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw failure("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE \(path.oneLine) cannot be read")
            }
            headers.append(("Authorization", String(decoding: data, as: UTF8.self).trimmingSpaces))
        } else if let token = environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            headers.append(("Authorization", token))
        }
        let request = HTTPRequest("GET", url, headers: headers, timeout: 5)
        return try MetadataService.credentials(request, transport, name, refusal: .input)
    }

    private func failure(_ what: String) -> Failure { Failure(name, what) }
}

/// Credentials of an EC2 instance's role, from its metadata service, version 2.
struct InstanceCredentials: CredentialsProvider {
    let environment: [String: String]
    let transport: any HTTPTransport
    var name: String { "EC2's metadata service" }

    func credentials() throws(Failure) -> AWSCredentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        var service = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? ""
        if service.isEmpty { service = "http://169.254.169.254" }
        while service.hasSuffix("/") { service.removeLast() }
        let asked = HTTPRequest(
            "PUT", service + "/latest/api/token", headers: [("X-aws-ec2-metadata-token-ttl-seconds", "21600")],
            body: [], timeout: 1)
        // Without a response this is not an EC2 instance.
        guard case .whole(let token) = transport.exchange(asked), token.status == 200 else { return nil }
        let headers = [(name: "X-aws-ec2-metadata-token", value: String(decoding: token.body, as: UTF8.self))]
        let roles = service + "/latest/meta-data/iam/security-credentials/"
        let list = try MetadataService.answer(to: HTTPRequest("GET", roles, headers: headers, timeout: 5), transport)
        guard list.status == 200 else {
            guard list.status != 404 else { return nil }
            throw Failure(.unavailable, name, "answered with status \(list.status)")
        }
        let role =
            String(decoding: list.body, as: UTF8.self).split { $0.isNewline }.first.map { $0.trimmingSpaces } ?? ""
        guard !role.isEmpty else { return nil }
        let request = HTTPRequest("GET", roles + PercentEncoding.encode(role), headers: headers, timeout: 5)
        return try MetadataService.credentials(request, transport, name, refusal: .unavailable)
    }
}

/// Requests and responses common to both services.
private enum MetadataService {
    private struct Answer: Decodable {
        let AccessKeyId: String
        let SecretAccessKey: String
        let Token: String?
        let Expiration: String?
    }

    /// Sends the request, twice if it fails.
    static func answer(to request: HTTPRequest, _ transport: any HTTPTransport) throws(Failure) -> HTTPResponse {
        if case .whole(let response) = transport.exchange(request), response.status < 500 { return response }
        return try transport.send(request)
    }

    /// Errors never quote the response.
    /// - Parameter refusal: the kind of the failure where the status is not 200.
    static func credentials(
        _ request: HTTPRequest, _ transport: any HTTPTransport, _ name: String, refusal: Failure.Kind
    ) throws(Failure) -> AWSCredentials {
        let response = try answer(to: request, transport)
        guard response.status == 200 else { throw Failure(refusal, name, "answered with status \(response.status)") }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)),
            !answer.AccessKeyId.isEmpty, !answer.SecretAccessKey.isEmpty
        else { throw Failure(name, "the answer holds no credentials") }
        return AWSCredentials(
            accessKey: answer.AccessKeyId, secretKey: answer.SecretAccessKey, sessionToken: answer.Token,
            expiration: answer.Expiration.flatMap { Date(extendedUTC: $0)?.timeIntervalSince1970 })
    }
}
