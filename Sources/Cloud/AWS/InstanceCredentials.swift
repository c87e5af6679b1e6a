import FoundationEssentials
import Platform

/// Credentials of an EC2 instance's role, from its metadata service, version 2.
struct InstanceCredentials: CredentialsProvider {
    let environment: [String: String]
    let transport: any HTTPTransport
    var name: String { "EC2's metadata service" }

    func credentials() throws(Failure) -> AWSCredentials? {
        switch environment.set("AWS_EC2_METADATA_DISABLED")?.lowercased() {
        case nil, "false": break
        case "true": return nil
        case let other?:
            throw Failure(name, "AWS_EC2_METADATA_DISABLED: expected true or false, found \(other.oneLine.quoted)")
        }
        let named = environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        var service = if let named { named } else { try address() }
        while service.hasSuffix("/") { service.removeLast() }
        let asked = HTTPRequest(
            "PUT", service + "/latest/api/token", headers: [("X-aws-ec2-metadata-token-ttl-seconds", "21600")],
            body: [], timeout: 1)
        // Without a response this is not an EC2 instance.
        guard case .whole(let token) = transport.exchange(asked), token.status == 200 else {
            guard named == nil else {
                throw Failure(
                    .unavailable, name, "AWS_EC2_METADATA_SERVICE_ENDPOINT: \(service.oneLine) gives no token")
            }
            return nil
        }
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

    private func address() throws(Failure) -> String {
        let mode = environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") ?? "IPv4"
        switch mode.lowercased() {
        case "ipv4": return "http://169.254.169.254"
        case "ipv6": return "http://[fd00:ec2::254]"
        default:
            throw Failure(
                name, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: expected IPv4 or IPv6, found \(mode.oneLine.quoted)")
        }
    }
}
