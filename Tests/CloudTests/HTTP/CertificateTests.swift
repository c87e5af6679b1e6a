import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import Cloud
@testable import Platform

@Suite("Certificates of HTTPS", .serialized)
struct CertificateTests {
    private static let names = ["trusted", "other-host", "expired", "other-authority"]

    /// Runs `body` with the URL of a server for each certificate, and a copy of the file of the authority that signed
    /// all but the last.
    private func withServers(_ body: ([String: String], _ authority: String) throws -> Void) throws {
        let certificates = Self.names.map { Fixture.path("tls/\($0).pem") }
        let server = try ChildProcess(["/usr/bin/env", "python3", Fixture.path("tls/server.py")] + certificates)
        defer { server.send(9) }
        try server.wait(for: "the ports") { server.output.hasSuffix("\n") }
        let ports = server.output.split { $0 == " " || $0 == "\n" }
        try #require(ports.count == Self.names.count, "\(server.errors)")
        let urls = zip(Self.names, ports).map { ($0, "https://127.0.0.1:\($1)/") }
        try Fixture.withTemporaryFolder { folder in
            let authority = folder + "/authority.pem"
            try FileManager.default.copyItem(atPath: Fixture.path("tls/authority.pem"), toPath: authority)
            try body(Dictionary(uniqueKeysWithValues: urls), authority)
        }
    }

    /// A request by a new handle, which has no connection yet.
    private func get(_ url: String, _ authority: String, sharing store: CertificateStore?) throws -> HTTPOutcome {
        let library = try #require(CurlLibrary.shared)
        let handle = try #require(CurlHandle(library, sharing: store))
        return try exchange(handle, url, authority)
    }

    private func exchange(_ handle: CurlHandle, _ url: String, _ authority: String) throws -> HTTPOutcome {
        handle.exchange(
            HTTPRequest("GET", url), try WebAddress(url), .init(connect: 60, stall: 300),
            Authorities(["AWS_CA_BUNDLE": authority]))
    }

    private func isWhole(_ outcome: HTTPOutcome) -> Bool { if case .whole = outcome { true } else { false } }

    @Test("Those of the first connection serve the later ones, whose file of authorities is not read")
    func shared() throws {
        try withServers { urls, authority in
            let url = try #require(urls["trusted"])
            let store = CertificateStore()
            #expect(isWhole(try get(url, authority, sharing: store)))
            #expect(store.isFilled == (CurlLibrary.shared?.certificates != nil))
            try FileManager.default.removeItem(atPath: authority)
            #expect(!isWhole(try get(url, authority, sharing: nil)))
            #expect(isWhole(try get(url, authority, sharing: store)) == store.isFilled)
        }
    }

    @Test("Shared ones verify as much: another host, an expired one and an unknown authority are refused")
    func refused() throws {
        try withServers { urls, authority in
            let store = CertificateStore()
            // First as the connection whose certificates are kept, then with those that are kept.
            for name in Self.names.reversed() + Self.names.reversed() {
                let url = try #require(urls[name])
                let alone = try get(url, authority, sharing: nil)
                let outcome = try get(url, authority, sharing: store)
                #expect(isWhole(alone) == (name == "trusted"))
                switch outcome {
                case .whole: #expect(name == "trusted")
                case .broken(let response, let error):
                    #expect(name != "trusted" && response == nil && error.kind == .input)
                    #expect(error.message.contains("is not trusted by \(authority), or is another host's"))
                }
            }
        }
    }

    @Test("Connections that begin at the same time are all verified, and keep certificates of one of them")
    func together() throws {
        let bundle = "/etc/ssl/certs/ca-certificates.crt"
        try withServers { urls, authority in
            // Many certificates take long to read.
            if let many = FileManager.default.contents(atPath: bundle),
                let own = FileManager.default.contents(atPath: authority)
            {
                try (many + own).write(to: URL(filePath: authority))
            }
            let url = try #require(urls["trusted"])
            for _ in 0..<3 {
                let store = CertificateStore()
                let whole = Mutex(0)
                let count = WorkerThreads.run(count: 8, whileWaiting: {}) {
                    let isVerified = (try? isWhole(get(url, authority, sharing: store))) ?? false
                    whole.withLock { $0 += isVerified ? 1 : 0 }
                }
                #expect(count == 8 && whole.withLock { $0 } == 8)
                #expect(store.isFilled == (CurlLibrary.shared?.certificates != nil))
            }
        }
    }

    @Test("A handle reuses its connection, whether it was the first or a later one")
    func reuse() throws {
        try withServers { urls, authority in
            let url = try #require(urls["trusted"])
            let store = CertificateStore()
            let library = try #require(CurlLibrary.shared)
            for _ in 0..<2 {
                let handle = try #require(CurlHandle(library, sharing: store))
                let bodies = try (0..<2).map { _ in try exchange(handle, url, authority).response?.body }
                #expect(bodies[0] != nil && bodies[0] == bodies[1])
            }
        }
    }

    @Test("A proxy that is reached over TLS is recognized", arguments: ["https_proxy", "ALL_PROXY", "http_proxy"])
    func secureProxy(variable: String) {
        #expect(CurlTransport.hasSecureProxy([variable: "HTTPS://proxy:3128"]))
        #expect(!CurlTransport.hasSecureProxy([variable: "http://proxy:3128", "AWS_ENDPOINT_URL": "https://a"]))
        #expect(!CurlTransport.hasSecureProxy([:]))
    }
}
