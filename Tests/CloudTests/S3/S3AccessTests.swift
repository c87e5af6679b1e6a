import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("S3 of other accounts and regions")
struct S3AccessTests {
    private static let point = "arn:aws:s3:us-west-2:123456789012:accesspoint/my-ap"
    private static let credentials = AWSCredentials(accessKey: "AKIDACCESS", secretKey: "hushSecret")

    private func client(
        _ transport: some HTTPTransport, region: String = "us-east-1", _ environment: [String: String] = [:]
    ) throws -> S3Client {
        try S3Client(
            AWSConfiguration(region: region, credentials: Self.credentials, environment: environment),
            transport: transport, settings: S3Settings(environment))
    }

    // MARK: Access points

    @Test("An access point is a bucket, with a key after its name")
    func locations() throws {
        let location = try S3Location("s3://\(Self.point)/a/b c")
        #expect(location == S3Location(bucket: Self.point, key: "a/b c"))
        #expect(location.description == "s3://\(Self.point)/a/b c")
        #expect(try S3Location("s3://\(Self.point)") == S3Location(bucket: Self.point, key: ""))
        let colon = "arn:aws:s3:us-west-2:123456789012:accesspoint:my-ap"
        #expect(try S3Location("s3://\(colon)/k") == S3Location(bucket: colon, key: "k"))
        #expect(AccessPoint(colon) == AccessPoint(Self.point) && AccessPoint(colon)?.arn == Self.point)
        #expect(try S3Location("s3://ap-0123abcd-s3alias/k").bucket == "ap-0123abcd-s3alias")
    }

    @Test(
        "Buckets that need other requests are refused by name",
        arguments: [
            ("data--usw2-az1--x-s3/k", "S3 Express One Zone"), ("ap--usw2-az1--xa-s3", "S3 Express One Zone"),
            ("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap/k", "multi-region access point"),
            ("mfzwi23gnjvgw.mrap/k", "multi-region access point"),
            ("arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/f/k", "s3-object-lambda are not supported"),
            ("arn:aws:s3-outposts:us-west-2:123456789012:outpost/o/accesspoint/a/k", "s3-outposts are not supported"),
            ("ap-0123abcd--ol-s3/k", "s3-object-lambda are not"), ("ap-0123abcd--op-s3/k", "s3-outposts are not"),
            ("arn:aws:s3:::bucket/k", "expected the name of a bucket, or arn:aws:s3:REGION"),
            ("arn:aws:s3:us-west-2:12:accesspoint/a/k", "expected the name"),
            ("arn:aws:s3:us-west-2:123456789012:accesspoint/A/k", "expected the name"),
            ("arn:aws:s3:us-west-2:123456789012:accesspoint/", "expected the name"),
            ("arn:aws:s3:us.west:123456789012:accesspoint/a/k", "expected the name"), ("arn:", "expected the name"),
        ])
    func refused(name: String, reason: String) {
        let error = #expect(throws: Failure.self) { try S3Location("s3://\(name)") }
        #expect(error?.kind == .input && error?.message.contains(reason) == true, "\(String(describing: error))")
    }

    @Test(
        "Requests for an access point are sent to its host, and signed for its region",
        arguments: [
            ([:], "https://my-ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com/k"),
            (
                ["AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"],
                "https://my-ap-123456789012.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com/k"
            ),
            (
                ["AWS_ENDPOINT_URL_S3": "https://accesspoint.vpce-1a.s3.us-west-2.vpce.amazonaws.com"],
                "https://my-ap-123456789012.accesspoint.vpce-1a.s3.us-west-2.vpce.amazonaws.com/k"
            ),
        ])
    func accessPoints(environment: [String: String], url: String) throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: [7]) }
        #expect(try client(transport, environment).get(bucket: Self.point, key: "k") == [7])
        let request = try #require(transport.requests.first)
        #expect(request.url == url)
        #expect(request.header("Authorization")?.contains("/us-west-2/s3/aws4_request") == true)
    }

    @Test("An alias is the name of a bucket")
    func alias() throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 204) }
        try client(transport).delete(bucket: "ap-0123abcd-s3alias", key: "k")
        #expect(transport.requests.map(\.url) == ["https://ap-0123abcd-s3alias.s3.us-east-1.amazonaws.com/k"])
    }

    @Test("An access point of another partition is refused before a request is sent")
    func otherPartition() throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 200) }
        for (region, point) in [("cn-north-1", Self.point), ("us-east-1", "arn:aws-cn" + Self.point.dropFirst(7))] {
            let error = #expect(throws: Failure.self) {
                try client(transport, region: region).get(bucket: point, key: "k")
            }
            #expect(error?.message.contains("expected the same") == true)
        }
        #expect(transport.requests.isEmpty)
    }

    @Test("The source of a copied part names the object of the access point")
    func copySource() throws {
        let begun = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
        let copied = "<CopyPartResult><ETag>c</ETag></CopyPartResult>"
        let transport = FakeTransport { request in
            HTTPResponse(status: 200, body: Array((request.method == "POST" ? begun : copied).utf8))
        }
        let upload = try client(transport).upload(bucket: "b", key: "k", size: 100 << 20)
        try upload.append(bucket: Self.point, key: "o p", range: 0..<20 << 20, etag: "tag", checksum: CRC32())
        let source = transport.requests.last?.header("x-amz-copy-source")
        #expect(source == "arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aaccesspoint/my-ap/object/o%20p")
    }

    // MARK: Regions

    private static func elsewhere(_ status: Int, _ region: String) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("x-amz-bucket-region", region)])
    }

    @Test("A bucket in another region is read there, and later requests are sent there at once", arguments: [301, 400])
    func otherRegion(status: Int) throws {
        let transport = FakeTransport { request in
            request.url.contains("eu-west-3")
                ? HTTPResponse(status: 200, body: [7]) : Self.elsewhere(status, "eu-west-3")
        }
        let client = try client(transport)
        for _ in 0..<2 { #expect(try client.get(bucket: "b", key: "k") == [7]) }
        #expect(
            transport.requests.map(\.url) == [
                "https://b.s3.us-east-1.amazonaws.com/k", "https://b.s3.eu-west-3.amazonaws.com/k",
                "https://b.s3.eu-west-3.amazonaws.com/k",
            ])
        #expect(transport.requests.last?.header("Authorization")?.contains("/eu-west-3/s3/") == true)
    }

    @Test(
        "No other host is asked than that of a region of the same partition",
        arguments: [
            ("us-east-1", "evil.example/"), ("us-east-1", "cn-north-1"), ("us-gov-west-1", "us-east-1"),
            ("us-east-1", "us-east-1"),
        ])
    func notFollowed(region: String, home: String) throws {
        let transport = FakeTransport { _ in Self.elsewhere(301, home) }
        #expect(throws: Failure.self) { try client(transport, region: region).get(bucket: "b", key: "k") }
        #expect(transport.requests.count == 1)
    }

    @Test("A refusal in both regions is an error")
    func refusedTwice() throws {
        let transport = FakeTransport { request in
            Self.elsewhere(301, request.url.contains("eu-west-3") ? "eu-west-1" : "eu-west-3")
        }
        let error = #expect(throws: Failure.self) { try client(transport).get(bucket: "b", key: "k") }
        #expect(error?.message.contains("set AWS_REGION=eu-west-1") == true)
        #expect(transport.requests.count == 2)
    }

    // MARK: Settings

    @Test("Public objects are read without credentials, a signature or a region")
    func unsigned() throws {
        let transport = FakeTransport { request in
            request.url.contains("us-east-1")
                ? Self.elsewhere(301, "us-west-2") : HTTPResponse(status: 200, body: [7])
        }
        let client = try S3Client.fromEnvironment(
            ["AWS_NO_SIGN_REQUEST": "YES", "HOME": "/nowhere"], transport: transport)
        #expect(try client.get(bucket: "public", key: "k") == [7])
        #expect(transport.requests.map(\.url).last == "https://public.s3.us-west-2.amazonaws.com/k")
        for name in ["Authorization", "X-Amz-Date", "X-Amz-Security-Token"] {
            #expect(transport.requests.allSatisfy { $0.header(name) == nil })
        }
    }

    private static func denied(_ message: String) -> HTTPResponse {
        let text = "<Error><Code>AccessDenied</Code><Message>\(message)</Message></Error>"
        return HTTPResponse(status: 403, body: Array(text.utf8))
    }

    @Test(
        "A denied request names its credentials, and the setting of requester-pays buckets",
        arguments: [
            ([:], "Access Denied", "the program; a requester-pays bucket needs AWS_REQUEST_PAYER=requester"),
            ([:], "User me is not authorized", "User me is not authorized; credentials from the program"),
            (["AWS_REQUEST_PAYER": "requester"], "Access Denied", "Access Denied; credentials from the program"),
            (["AWS_NO_SIGN_REQUEST": "1"], "Access Denied", "Access Denied; without a signature (AWS_NO_SIGN_REQUEST)"),
        ])
    func denial(environment: [String: String], message: String, end: String) throws {
        let transport = FakeTransport { _ in Self.denied(message) }
        let error = #expect(throws: Failure.self) { try client(transport, environment).get(bucket: "b", key: "k") }
        #expect(error?.kind == .denied && error?.message.hasSuffix(end) == true, "\(String(describing: error))")
    }

    @Test("Every request offers to pay, in a signed header")
    func requester() throws {
        let page = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        let transport = FakeTransport { _ in HTTPResponse(status: 200, body: Array(page.utf8)) }
        let client = try client(transport, ["AWS_REQUEST_PAYER": "requester"])
        _ = try client.get(bucket: "b", key: "k")
        #expect(try client.list(bucket: "b", prefix: "").isEmpty)
        #expect(transport.requests.count == 2)
        for request in transport.requests {
            #expect(request.header("x-amz-request-payer") == "requester")
            #expect(request.header("Authorization")?.contains(";x-amz-request-payer") == true)
        }
    }

    @Test("New objects are encrypted with the KMS key; parts and reads do not name it")
    func encryption() throws {
        let begun = Array("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>".utf8)
        let joined = Array("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>".utf8)
        let copied = Array("<CopyPartResult><ETag>c</ETag></CopyPartResult>".utf8)
        let transport = FakeTransport { request in
            let last = request.method == "POST" ? joined : copied
            let body = request.url.contains("uploads=") ? begun : request.url.contains("uploadId=") ? last : [7]
            return HTTPResponse(status: 200, headers: [("ETag", "\"e\"")], body: body)
        }
        let key = "arn:aws:kms:us-east-1:123456789012:key/1"
        let client = try client(transport, ["CAI_SSE_KMS_KEY": key])
        _ = try client.put(bucket: "b", key: "k", [7], if: .absent)
        let whole = try client.upload(bucket: "b", key: "k", size: 1)
        try whole.write([7])
        _ = try whole.complete()
        let parts = try client.upload(bucket: "b", key: "k", size: 100 << 20)
        try parts.append(bucket: "b", key: "o", range: 0..<20 << 20, etag: "tag", checksum: CRC32())
        _ = try parts.complete()
        _ = try client.get(bucket: "b", key: "k")
        let requests = transport.requests
        #expect(requests.map(\.method) == ["PUT", "PUT", "POST", "PUT", "POST", "GET"])
        let named = requests.map { $0.header("x-amz-server-side-encryption-aws-kms-key-id") }
        #expect(named == [key, key, key, nil, nil, nil])
        let kinds = requests.map { $0.header("x-amz-server-side-encryption") }
        #expect(kinds == ["aws:kms", "aws:kms", "aws:kms", nil, nil, nil])
    }

    @Test(
        "Invalid settings are refused",
        arguments: [
            (["AWS_NO_SIGN_REQUEST": "perhaps"], "AWS_NO_SIGN_REQUEST: expected YES or NO"),
            (["AWS_REQUEST_PAYER": "me"], "AWS_REQUEST_PAYER: expected requester"),
            (["AWS_REQUEST_PAYER": "requester", "AWS_NO_SIGN_REQUEST": "yes"], "without a signature cannot pay"),
            (["CAI_SSE_KMS_KEY": "a b"], "CAI_SSE_KMS_KEY: expected the ARN"),
        ])
    func invalid(environment: [String: String], reason: String) {
        let error = #expect(throws: Failure.self) { try S3Settings(environment) }
        #expect(error?.description.contains(reason) == true)
    }
}
