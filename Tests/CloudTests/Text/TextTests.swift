import FoundationEssentials
import Testing

@testable import Cloud
@testable import Platform

@Suite("Dates, digests, URLs and names of services")
struct TextTests {
    @Test(
        "Dates are formatted and parsed",
        arguments: [
            (0.0, "19700101T000000Z", "1970-01-01T00:00:00Z"),
            (951_782_399, "20000228T235959Z", "2000-02-28T23:59:59Z"),
            (951_782_400, "20000229T000000Z", "2000-02-29T00:00:00Z"),
            (1_709_251_200, "20240301T000000Z", "2024-03-01T00:00:00Z"),
            (4_107_542_400, "21000301T000000Z", "2100-03-01T00:00:00Z"),
        ])
    func dates(seconds: Double, compact: String, extended: String) {
        #expect(Date(timeIntervalSince1970: seconds).basicUTC == compact)
        #expect(Date(extended: extended)?.timeIntervalSince1970 == seconds)
    }

    @Test(
        "Invalid dates are refused",
        arguments: [
            "", "2024-01-01", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00", "2024-01-01T00:00:00+0000", "1970-01-01T00:00:00+00:01",
            "2024-01-01T00:00:00.1.2Z", "9999-12-31T23:59:59-00:01",
            "2024-02-30T00:00:00Z", "2024-01-01T00:00:00Z and more", "2024-01-01T00:00:00.1e3Z", "1969-12-31T23:59:59Z",
        ])
    func noDates(text: String) {
        #expect(Date(extended: text) == nil)
    }

    @Test("Fractions of a second and distances from UTC are parsed")
    func fraction() {
        #expect(Date(extended: "1970-01-01T02:00:01.5+02:00")?.timeIntervalSince1970 == 1.5)
        #expect(Date(extended: "1969-12-31T23:30:00-00:45")?.timeIntervalSince1970 == 900)
        #expect(Date(extended: "1970-01-01T00:00:01.5Z")?.timeIntervalSince1970 == 1.5)
    }

    @Test("Checksums of pieces combine to that of the whole")
    func checksums() {
        let bytes = Array("123456789".utf8)
        // The check value of CRC-32 is CBF43926.
        #expect(CRC32(bytes).base64 == "y/Q5Jg==")
        var sum = CRC32(Array(bytes[..<4]))
        sum.append(CRC32(Array(bytes[4...])))
        #expect(sum == CRC32(bytes))
        #expect(CRC32([]).base64 == "AAAAAA==")
    }

    @Test("Percent-encoding is reversible and leaves unreserved characters unchanged")
    func percent() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(PercentEncoding.decode(PercentEncoding.encode(bytes)) == bytes)
        #expect(PercentEncoding.encode("a-b_c.d~e/f g+h%é") == "a-b_c.d~e%2Ff%20g%2Bh%25%C3%A9")
        #expect(PercentEncoding.encode("a/b c", keepingSlashes: true) == "a/b%20c")
        #expect(PercentEncoding.decode("a+b%2B%", plusIsSpace: true) == Array("a b+%".utf8))
    }

    @Test("A location has a bucket and may have a key of any characters")
    func locations() throws {
        #expect(try S3Location("s3://bucket") == S3Location(bucket: "bucket", key: ""))
        #expect(try S3Location("s3://bucket/") == S3Location(bucket: "bucket", key: ""))
        #expect(try S3Location("s3://my.bucket/a b/+%20?#é") == S3Location(bucket: "my.bucket", key: "a b/+%20?#é"))
        #expect(S3Location(bucket: "b", key: "k").description == "s3://b/k")
        #expect(!S3Location.isLocation("/s3://x"))
    }

    @Test(
        "Invalid locations are refused",
        arguments: ["", "bucket/key", "s3://", "s3:///key", "s3://buc ket/x", "s3://../x"])
    func noLocations(text: String) {
        let error = #expect(throws: Failure.self) { try S3Location(text) }
        #expect(error?.kind == .input)
    }

    @Test("URLs are split into their parts, and invalid ones refused")
    func addresses() throws {
        let address = try WebAddress("HTTP://Host:8080/a%20/../b?x=1&y=?")
        #expect(address.scheme == "http" && address.host == "host" && address.port == 8080)
        #expect(address.path == "/a%20/../b" && address.query == "x=1&y=?")
        #expect(address.hostHeader == "host:8080")
        #expect(try WebAddress("https://h:443").hostHeader == "h")
        #expect(try WebAddress("http://[::1]:9/x").hostHeader == "[::1]:9")
        #expect(try WebAddress("http://h?q").path == "/")
        for text in ["", "h", "ftp://h/", "http:///x", "http://u:p@h/", "http://h:0/", "http://h:x/", "http://h/#f"] {
            let error = #expect(throws: Failure.self) { try WebAddress(text) }
            #expect(error?.description.contains("u:p") == false)
        }
    }

    @Test("Loopback and link-local addresses are recognised")
    func localAddresses() throws {
        for host in ["127.0.0.1", "127.9.9.9", "localhost", "[::1]", "169.254.169.254", "169.254.170.2"] {
            #expect(try WebAddress("http://\(host)/").isLocal)
        }
        for host in ["10.0.0.1", "169.255.0.1", "127.example.com", "s3.amazonaws.com"] {
            #expect(try !WebAddress("http://\(host)/").isLocal)
        }
    }

    @Test("Certificate authorities are those that the environment names, or those of the system")
    func authorities() {
        let system = "/etc/ssl/cert.pem"
        #expect(Authorities([:]) { $0 == system }.file == system)
        #expect(Authorities(["SSL_CERT_FILE": "/a", "CURL_CA_BUNDLE": "/b"]) { _ in true }.file == "/b")
        #expect(Authorities(["AWS_CA_BUNDLE": "/c", "CURL_CA_BUNDLE": "/b"]) { _ in true }.file == "/c")
        let folder = Authorities(["SSL_CERT_DIR": "/d", "SSL_CERT_FILE": ""]) { _ in true }
        #expect(folder.folder == "/d" && folder.file == nil)
    }
}
