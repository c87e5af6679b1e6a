import Testing

@testable import Cloud

@Suite("Signature Version 4")
struct SigV4Tests {
    @Test("The vectors of the published test suite give their signatures", arguments: SigV4Vector.all)
    func vector(vector: SigV4Vector) throws {
        let request = HTTPRequest(
            vector.method, "https://Example.amazonaws.com" + vector.target, headers: vector.headers,
            body: vector.body.isEmpty ? nil : Array(vector.body.utf8))
        let credentials = AWSCredentials(
            accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: vector.token)
        let signed = try SigV4.sign(
            request, service: "service", region: "us-east-1", credentials: credentials, date: 1_440_938_160)
        #expect(
            authorization(signed) == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=\(vector.signedHeaders), Signature=\(vector.signature)")
        #expect(signed.headers.first { $0.name == "X-Amz-Date" }?.value == "20150830T123600Z")
        #expect(signed.header("X-Amz-Content-Sha256") == nil)
        #expect(signed.header("Host") == "example.amazonaws.com")
    }

    /// Examples in "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference.
    struct S3Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: HTTPRequest
        let signedHeaders: String
        let signature: String
    }

    private static let host = "https://examplebucket.s3.amazonaws.com"
    static let examples = [
        S3Example(
            testDescription: "GET of a range",
            request: HTTPRequest("GET", host + "/test.txt", headers: [("Range", "bytes=0-9")]),
            signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        S3Example(
            testDescription: "PUT",
            request: HTTPRequest(
                "PUT", host + "/test%24file.text",
                headers: [
                    ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ], body: Array("Welcome to Amazon S3.".utf8)),
            signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        S3Example(
            testDescription: "GET of the lifecycle",
            request: HTTPRequest("GET", host + "/?lifecycle="),
            signedHeaders: "host;x-amz-content-sha256;x-amz-date",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        S3Example(
            testDescription: "Listing, its query in no order",
            request: HTTPRequest("GET", host + "/?prefix=J&max-keys=2"),
            signedHeaders: "host;x-amz-content-sha256;x-amz-date",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]
    private static let s3Credentials = AWSCredentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    @Test("The examples in S3's documentation give their signatures", arguments: examples)
    func s3(example: S3Example) throws {
        let signed = try SigV4.sign(
            example.request, service: "s3", region: "us-east-1", credentials: Self.s3Credentials, date: 1_369_353_600)
        let found = try #require(authorization(signed))
        #expect(found.contains("SignedHeaders=\(example.signedHeaders), Signature=\(example.signature)"))
    }

    @Test("A path is encoded once for S3, and twice and without dots for other services")
    func paths() throws {
        func path(_ service: String, _ text: String) throws -> String {
            let request = HTTPRequest("GET", "https://host" + text)
            let draft = try SigV4.Draft(request, service, "r", Self.s3Credentials, 0, true)
            return draft.canonicalRequest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[1]
        }
        #expect(try path("s3", "/a%20b//c/../%2B%2525") == "/a%20b//c/../%2B%2525")
        #expect(try path("states", "/a%20b//c/../%2B") == "/a%2520b/%252B")
        #expect(try path("states", "") == "/")
    }

    @Test("An unsigned body is declared as such")
    func unsignedBody() throws {
        let signed = try SigV4.sign(
            HTTPRequest("PUT", "https://host/x", body: [1]), service: "s3", region: "r",
            credentials: Self.s3Credentials, date: 0, bodyIsSigned: false)
        #expect(signed.headers.first { $0.name == "X-Amz-Content-Sha256" }?.value == "UNSIGNED-PAYLOAD")
    }

    private func authorization(_ request: HTTPRequest) -> String? {
        request.headers.first { $0.name == "Authorization" }?.value
    }
}
