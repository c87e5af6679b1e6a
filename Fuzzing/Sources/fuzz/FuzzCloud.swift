import Costs
import FoundationEssentials

@testable import Cloud
@testable import Platform
@testable import Runs

/// A service with the same response to every request.
private struct OneAnswer: HTTPTransport {
    let answer: HTTPResponse
    func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse { answer }
}

extension FuzzTarget {
    private static let secret = "hushSecretKeyOfATest"
    private static let credentials = AWSCredentials(
        accessKey: "AKIDFUZZ", secretKey: secret, sessionToken: "hushSessionToken==")

    private static let configuration = AWSConfiguration(region: "us-east-1", credentials: credentials)

    /// One attempt: a retry would get the same response.
    private static var once: RetryPolicy {
        var retries = RetryPolicy()
        retries.sleep = { _ in }
        retries.attempts = 1
        return retries
    }

    private static func client(_ transport: some HTTPTransport) throws(Failure) -> S3Client {
        try S3Client(configuration, transport: transport, retries: once)
    }

    private static let documents = Seeds.texts(
        "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
            + "<EncodingType>url</EncodingType><Contents><Key>p%2F1+a</Key><Size>10</Size><ETag>&quot;e&quot;</ETag>"
            + "</Contents><IsTruncated>false</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents><IsTruncated>true</IsTruncated>"
            + "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
        "<Error><Code>PermanentRedirect</Code><Message>no &#x26; <![CDATA[<]]></Message><Region>eu-west-1</Region></Error>",
        "<a b='c'><!-- d --><e:f/><?g?></a>")

    /// XML: reads its elements, and its text again after it was written.
    static let xml = FuzzTarget(
        "xml", maximumLength: 2048, seeds: { documents },
        run: { bytes in
            do throws(XMLError) {
                let element = try XMLElement(document: bytes)
                let text = Array("<a>\(XMLElement.escaped(element.text))</a>".utf8)
                Promise.keep(
                    try XMLElement(document: text).text == element.text, "the written text is read differently")
            } catch {
                Promise.line(error.what)
                Promise.keep((0...bytes.count).contains(error.offset), "an error at byte \(error.offset)")
            }
        })

    /// The listing of a bucket, page by page, and errors of a store. Listed keys cannot leave a folder.
    static let listing = FuzzTarget(
        "listing", maximumLength: 2048, seeds: { documents },
        run: { bytes in
            Promise.refusal {
                let client = try client(OneAnswer(answer: HTTPResponse(status: 200, body: bytes)))
                let objects = try client.list(bucket: "bucket", prefix: "")
                Promise.keep(objects.allSatisfy { $0.size >= 0 }, "a negative size")
                for object in objects { checkFolder(object.key) }
            }
            for status in [301, 403, 404, 503] {
                Promise.refusal {
                    do throws(Failure) {
                        let client = try client(OneAnswer(answer: HTTPResponse(status: status, body: bytes)))
                        _ = try client.get(bucket: "bucket", key: "key", range: nil, etag: nil)
                    } catch {
                        Promise.keep(!error.description.contains(secret), "an error contains the secret key")
                        throw error
                    }
                }
            }
        })

    /// A folder store refuses keys that leave the folder.
    private static func checkFolder(_ key: String) {
        let store = FolderStore(root: "/dev/null")
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.contains("..") || key.utf8.contains(0) else { return }
        Promise.keep(
            (try? store.get(bucket: "b", key: key, range: nil, etag: nil)) == nil, "a key leaves the folder: \(key)")
    }

    /// JSON of services: errors, credentials, executions. The first byte is the status.
    static let answers = FuzzTarget(
        "answers", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "x{\"__type\":\"com.amazon#ThrottlingException:\",\"message\":\"slow\\ndown\"}",
                "a{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\",\"Expiration\":\"2030-01-02T03:04:05Z\"}",
                "b{\"status\":\"FAILED\",\"startDate\":1.5,\"error\":\"E\",\"cause\":\"{\\\"errorMessage\\\":\\\"m\\\"}\"}",
                "c{\"status\":\"RUNNING\",\"itemCounts\":{\"pending\":1,\"running\":2,\"succeeded\":3,\"failed\":0,"
                    + "\"timedOut\":0,\"aborted\":0,\"total\":6}}",
                "d{\"mapRuns\":[{\"mapRunArn\":\"arn\"}],\"nextToken\":null}",
                "e{\"events\":[{\"message\":\"REPORT RequestId: q\\tBilled Duration: 15 ms\\tMemory Size: 128 MB\\t\"}]}",
                "f{\"AccountLimit\":{\"ConcurrentExecutions\":10,\"UnreservedConcurrentExecutions\":9}}")
        },
        run: { bytes in
            guard let first = bytes.first else { return }
            let response = HTTPResponse(status: 100 + 2 * Int(first), body: Array(bytes.dropFirst()))
            let good = OneAnswer(answer: HTTPResponse(status: 200, body: response.body))
            let refusal = ServiceRefusal(response, hiding: credentials)
            Promise.line(refusal.error("asking", of: "it").description)
            for transport in [good, OneAnswer(answer: response)] {
                let container = ContainerCredentials(
                    environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/c"], transport: transport)
                Promise.refusal {
                    guard let found = try container.credentials() else { return }
                    Promise.keep(
                        !Mirror(reflecting: found).children.contains { "\($0)" != "" }, "secrets are reflected")
                }
                Promise.refusal { _ = try InstanceCredentials(environment: [:], transport: transport).credentials() }
                Promise.refusal {
                    let client = try StepFunctionsClient(configuration, transport: transport, retries: once)
                    Promise.refusal { _ = try client.describeExecution("arn").failureLine }
                    Promise.refusal {
                        var counts = try client.describeMapRun("arn").itemCounts
                        counts += counts
                        _ = counts.done
                    }
                    Promise.refusal { _ = try client.listMapRuns(of: "arn") }
                    Promise.refusal { _ = try client.startExecution(stateMachine: "arn", name: "n", input: "{}") }
                    Promise.refusal { try client.stopExecution("arn", error: "e", cause: "c") }
                }
                Promise.refusal {
                    let account = try LambdaConcurrency(configuration, transport: transport, retries: once)
                    let workers = PlannedConcurrency(account).workers
                    Promise.keep((1...LambdaLimits.mostConcurrency).contains(workers), "\(workers) workers")
                }
                Promise.refusal {
                    let group = try LogGroup("g", configuration, transport: transport, retries: once)
                    try group.forEachMessage(in: 0...1, matching: "REPORT") { message in
                        guard let report = LambdaReport(message) else { return }
                        Promise.keep(report.billed >= 0 && report.start >= 0 && report.memory >= 0, "\(report)")
                    }
                }
            }
        })

    /// The shared configuration files of AWS tools, and credentials that programs write.
    static let settings = FuzzTarget(
        "settings", maximumLength: 2048,
        seeds: {
            Seeds.texts(
                "[default]\naws_access_key_id = A\naws_secret_access_key=S ; c\n# x\n[profile  b]\ns3 =\n  a = b\nregion=r\n",
                "[a]\ncredential_process = 'b c' \"d \\\" e\" f\\ g\n",
                "{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"S\", \"Expiration\": "
                    + "\"2030-01-01T00:00:00+01:00\"}")
        },
        run: { bytes in
            Promise.refusal {
                let file = try INIFile(String(decoding: bytes, as: UTF8.self), name: "input")
                for settings in file.sections.values {
                    Promise.keep(
                        settings.allSatisfy {
                            !$0.key.contains { $0.isNewline } && !$0.value.contains { $0.isNewline }
                        },
                        "a setting has several lines")
                    for line in settings.values {
                        guard let words = ProcessCredentials.words(line) else { continue }
                        let count = words.reduce(0) { $0 + $1.utf8.count }
                        Promise.keep(count <= line.utf8.count, "the words have \(count) bytes")
                    }
                }
            }
            Promise.refusal { _ = try CredentialsDocument(bytes, "input").credentials("input") }
        })

    /// Addresses, names and times.
    static let addresses = FuzzTarget(
        "addresses", maximumLength: 512,
        seeds: {
            Seeds.texts(
                "https://user@host.example:8443/a%2Fb?c=d#e", "http://[::1]:80", "http://169.254.169.254/",
                "s3://bucket/key", "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/name/key",
                "2030-02-28T23:59:59.5Z", "arn:aws:states:us-east-1:123:stateMachine:name:1", "a%2Fb+c%zz")
        },
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            Promise.refusal {
                let address = try WebAddress(text)
                Promise.keep(address.path.utf8.first == UInt8(ascii: "/"), "the path has no slash")
                Promise.keep(!address.host.isEmpty && !address.hostHeader.isEmpty, "the host is empty")
                _ = address.isLocal
            }
            Promise.keep(!WebAddress.withoutQuery(text).utf8.contains(UInt8(ascii: "?")), "a query is shown")
            Promise.refusal {
                let location = try S3Location(text)
                Promise.keep(location.description == text || location.key.isEmpty, "\(text) is parsed as \(location)")
            }
            if let date = Date(extended: text) {
                let seconds = date.timeIntervalSince1970
                Promise.keep(seconds >= 0 && seconds.isFinite, "\(seconds) seconds")
                Promise.keep(date.basicUTC.utf8.count == 16, date.basicUTC)
            }
            if let machine = StateMachineARN(text) { Promise.keep(machine.description == text, "the name differs") }
            Promise.keep(PercentEncoding.decode(PercentEncoding.encode(bytes)) == bytes, "the decoded bytes differ")
            _ = PercentEncoding.decode(text, plusIsSpace: true)
            let headers = text.split(separator: "\n").map { (name: "Lambda-Runtime-Aws-Request-Id", value: String($0)) }
            if let context = LambdaContext(HTTPResponse(status: 200, headers: headers)) {
                Promise.line(context.requestID)
            }
        })
}
