import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("S3")
struct S3ClientTests {
    @Test(
        "Keys with any characters are encoded once",
        arguments: [
            ("a/b c", "/b/a/b%20c"), ("a+b%20", "/b/a%2Bb%2520"), ("é/\u{65E5}", "/b/%C3%A9/%E6%97%A5"),
            ("../x//y/./", "/b/../x//y/./"), ("/k?x=1&y#z", "/b//k%3Fx%3D1%26y%23z"),
            ("~!'()*:@", "/b/~%21%27%28%29%2A%3A%40"),
        ])
    func keys(key: String, path: String) throws {
        try LoopbackServer.run({ _, _ in [.answer(200, [7])] }) { server in
            let client = try S3Scripted.client(server)
            #expect(client.name(bucket: "b", key: key) == "s3://b/\(key)")
            try client.put(bucket: "b", key: key, [7])
            _ = try client.get(bucket: "b", key: key)
            #expect(server.requests.map(\.target) == [path, path])
            #expect(server.requests[0].headers["content-type"] == "application/octet-stream")
            #expect(server.requests.allSatisfy { $0.headers["x-amz-security-token"] == S3Scripted.token })
        }
    }

    @Test(
        "At AWS's endpoint the bucket is part of the host, unless its name has dots",
        arguments: [
            ("eu-west-1", "data", "https://data.s3.eu-west-1.amazonaws.com/k%20"),
            ("eu-west-1", "my.data", "https://s3.eu-west-1.amazonaws.com/my.data/k%20"),
            ("eu-west-1", "MyData", "https://s3.eu-west-1.amazonaws.com/MyData/k%20"),
            ("cn-north-1", "data", "https://data.s3.cn-north-1.amazonaws.com.cn/k%20"),
        ])
    func hosts(region: String, bucket: String, url: String) throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 204) }
        let configuration = AWSConfiguration(
            region: region, credentials: AWSCredentials(accessKey: "A", secretKey: "S"))
        try S3Client(configuration, transport: transport).delete(bucket: bucket, key: "k ")
        #expect(transport.requests.map(\.url) == [url])
    }

    @Test("Invalid names are refused before a request is sent")
    func names() throws {
        let transport = FakeTransport { _ in HTTPResponse(status: 200) }
        let configuration = AWSConfiguration(
            region: "us-east-1", credentials: AWSCredentials(accessKey: "A", secretKey: "S"))
        let client = try S3Client(configuration, transport: transport)
        for (bucket, key) in [
            ("", "k"), ("a/b", "k"), ("a b", "k"), ("b", ""), ("b", String(repeating: "é", count: 513)),
        ] {
            let error = #expect(throws: Failure.self) { try client.put(bucket: bucket, key: key, []) }
            #expect(error?.kind == .input)
        }
        #expect(transport.requests.isEmpty)
    }

    @Test("A range is requested, and the range of the response is checked")
    func ranges() throws {
        let bytes = Array("0123456789".utf8)
        try LoopbackServer.run({ request, _ in
            if request.path == "/b/wrong" {
                return [.answer(206, [1, 2], headers: ["Content-Range": "bytes 3-4/10"])]
            }
            if request.path == "/b/deaf" { return [.answer(200, bytes)] }
            let (status, body, headers) = S3Scripted.content(bytes, request)
            return [.answer(status, body, headers: headers)]
        }) { server in
            let client = try S3Scripted.client(server)
            let part = try client.get(bucket: "b", key: "k", range: 2..<5, etag: "tag")
            #expect(part == Array("234".utf8))
            #expect(server.requests.last?.headers["if-match"] == "\"tag\"")
            let none = try client.get(bucket: "b", key: "k", range: 3..<3, etag: nil)
            #expect(none.isEmpty && server.requests.count == 1)
            for (key, range) in [("k", 8..<12), ("k", 10..<12), ("wrong", 2..<4), ("deaf", 2..<4)] {
                let error = #expect(throws: Failure.self) {
                    try client.get(bucket: "b", key: key, range: range, etag: nil)
                }
                #expect(error?.kind == .input && error?.subject == "s3://b/\(key)")
            }
            let other = #expect(throws: Failure.self) {
                try client.get(bucket: "b", key: "k", range: 0..<1, etag: "older")
            }
            #expect(other?.kind == .conflict)
        }
    }

    @Test("HEAD gives size and ETag, and distinguishes a missing object, a missing bucket and a refusal")
    func head() throws {
        try LoopbackServer.run({ request, _ in
            switch (request.method, request.path) {
            case ("HEAD", "/b/k"):
                return [.answer(200, headers: ["Content-Length": "123", "ETag": "\"e-2\""], bodyless: true)]
            case ("HEAD", "/b2"): return [.answer(200)]
            case ("HEAD", "/closed"), ("HEAD", "/closed/k"): return [.answer(403)]
            case ("HEAD", "/old/k"): return [.answer(400)]
            case ("GET", "/old/k"): return [S3Scripted.error(400, "ExpiredToken")]
            case ("GET", "/closed/k"): return [S3Scripted.error(403, "AccessDenied", "<Message>not you</Message>")]
            default: return [.answer(404)]
            }
        }) { server in
            let client = try S3Scripted.client(server)
            let found = try client.head(bucket: "b", key: "k")
            #expect(found == ObjectInfo(key: "k", size: 123, etag: "e-2"))
            // That this bucket exists is known by now; another one is requested once.
            #expect(try client.head(bucket: "b", key: "x") == nil)
            #expect(server.requests.count == 2)
            #expect(try client.head(bucket: "b2", key: "x") == nil)
            #expect(try client.head(bucket: "b2", key: "y") == nil)
            #expect(server.requests.count == 5)
            let missing = #expect(throws: Failure.self) { try client.head(bucket: "nobucket", key: "k") }
            #expect(missing == Failure(.notFound, "s3://nobucket", "there is no such bucket"))
            let old = #expect(throws: Failure.self) { try client.head(bucket: "old", key: "k") }
            #expect(
                old?.description
                    == "s3://old/k: the credentials have expired (ExpiredToken, 400); credentials from the program")
            let closed = #expect(throws: Failure.self) { try client.head(bucket: "closed", key: "k") }
            #expect(
                closed?.description
                    == "s3://closed/k: access denied (AccessDenied, 403): not you; credentials from the program")
        }
    }

    @Test("DELETE of a missing object is not an error, in a missing bucket it is")
    func delete() throws {
        try LoopbackServer.run({ request, _ in
            switch (request.method, request.path) {
            case ("DELETE", "/b/k"): [.answer(204)]
            case ("DELETE", "/b/x"): [S3Scripted.error(404, "NoSuchKey")]
            case ("HEAD", "/b"): [.answer(200)]
            default: [S3Scripted.error(404, "NoSuchBucket")]
            }
        }) { server in
            let client = try S3Scripted.client(server)
            try client.delete(bucket: "b", key: "k")
            try client.delete(bucket: "b", key: "x")
            let error = #expect(throws: Failure.self) { try client.delete(bucket: "no", key: "k") }
            #expect(error?.kind == .notFound)
        }
    }

    @Test(
        "Each refusal gives an error of one line",
        arguments: [
            (404, "NoSuchBucket", "", Failure.Kind.notFound, "there is no such bucket (NoSuchBucket, 404)"),
            (404, "NoSuchKey", "", .notFound, "there is no such object (NoSuchKey, 404)"),
            (
                403, "AccessDenied", "<Message>User: me is\nnot authorized</Message>", .denied,
                "access denied (AccessDenied, 403): User: me is\\u{A}not authorized; credentials from the program"
            ),
            (
                403, "SignatureDoesNotMatch", "<Message>check</Message><AWSAccessKeyId>AKIDSCRIPTED</AWSAccessKeyId>",
                .denied,
                "the signature does not match: the secret key is wrong (SignatureDoesNotMatch, 403); "
                    + "credentials from the program"
            ),
            (
                403, "InvalidAccessKeyId", "", .denied,
                "the access key is not known (InvalidAccessKeyId, 403); credentials from the program"
            ),
            (
                400, "ExpiredToken", "", .denied,
                "the credentials have expired (ExpiredToken, 400); credentials from the program"
            ),
            (403, "RequestTimeTooSkewed", "", .denied, "this machine's clock is wrong (RequestTimeTooSkewed, 403)"),
            (
                400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>", .input,
                "the bucket is in region eu-west-1, and us-east-1 was asked: set AWS_REGION=eu-west-1 "
                    + "(AuthorizationHeaderMalformed, 400)"
            ),
            (
                301, "PermanentRedirect", "<Endpoint>x</Endpoint>", .input,
                "the bucket is in another region than us-east-1, or the endpoint is not its own "
                    + "(PermanentRedirect, 301)"
            ),
            (
                400, "Odd", "<Message>key AKIDSCRIPTED, token hushSessionToken== of hushSecretKey</Message>", .input,
                "the request was refused (Odd, 400): key (hidden), token (hidden) of (hidden)"
            ),
        ])
    func refusals(status: Int, code: String, inner: String, kind: Failure.Kind, message: String) throws {
        try LoopbackServer.run({ _, _ in [S3Scripted.error(status, code, inner)] }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.get(bucket: "b", key: "k") }
            #expect(error == Failure(kind, "s3://b/k", message))
            #expect(server.requests.count == 1)
        }
    }

    @Test("The region in the header of a redirect is part of the error")
    func redirect() throws {
        try LoopbackServer.run({ _, _ in [.answer(301, headers: ["x-amz-bucket-region": "eu-west-3"])] }) { server in
            let client = try S3Scripted.client(server)
            let error = #expect(throws: Failure.self) { try client.head(bucket: "b", key: "k") }
            #expect(error?.kind == .input)
            #expect(error?.message.contains("set AWS_REGION=eu-west-3") == true)
        }
    }
}
