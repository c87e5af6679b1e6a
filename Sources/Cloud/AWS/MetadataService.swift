import Platform

/// Requests to metadata services.
enum MetadataService {
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
        return try CredentialsDocument(response.body, name).credentials(name)
    }
}
