import FoundationEssentials
import Platform
import Synchronization

/// Exchanges over libcurl. Each call takes a handle of its own from a pool and gives it back, so that the handle's
/// connection serves the next call. TLS certificates are always verified.
public final class CurlTransport: HTTPTransport {
    /// What a server may take. Seconds, where nothing else is said.
    public struct Limits: Sendable {
        /// Until a connection stands.
        public var connect = 5.0
        /// Of standing still, which is going more slowly than `slowest`; rounded up to whole seconds.
        public var stall = 20.0
        /// Bytes a second.
        public var slowest = 1024

        public init(connect: Double = 5, stall: Double = 20) {
            self.connect = connect
            self.stall = stall
        }
    }

    private let limits: Limits
    private let authorities: Authorities
    private let idle = Mutex<[CurlHandle]>([])

    /// - Parameter environment: `AWS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` or `SSL_CERT_DIR` name the
    ///   authorities that certificates are checked against; else the system's are taken. Proxies are taken from the
    ///   process's own environment, by libcurl's rules.
    public init(
        limits: Limits = Limits(), environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.limits = limits
        authorities = Authorities(environment)
    }

    public func send(_ request: HTTPRequest) throws(Failure) -> HTTPResponse {
        switch exchange(request) {
        case .whole(let response): return response
        case .broken(_, let error): throw error
        }
    }

    public func exchange(_ request: HTTPRequest) -> HTTPOutcome {
        let address: WebAddress
        do { address = try WebAddress(request.url) } catch { return .broken(nil, error) }
        guard let library = CurlLibrary.shared else {
            return .broken(nil, Failure(.input, "libcurl.so.4", "cannot be opened: is libcurl installed?"))
        }
        guard let handle = idle.withLock({ $0.popLast() }) ?? CurlHandle(library) else {
            return .broken(nil, Failure(.unavailable, address.hostHeader, "libcurl gives no handle"))
        }
        defer { idle.withLock { $0.append(handle) } }
        return handle.exchange(request, address, limits, authorities)
    }
}

/// Where the certificates of authorities lie: libcurl's own default is that of the system it was built on, which a
/// minimal image need not have.
struct Authorities: Equatable {
    let file: String?
    let folder: String?

    /// What errors call them.
    var name: String { (file ?? folder)?.printable ?? "this system's authorities" }

    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
    ]

    init(_ environment: [String: String], exists: (String) -> Bool = FileManager.default.fileExists(atPath:)) {
        let named = ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"].lazy
            .compactMap { environment[$0] }.first { !$0.isEmpty }
        folder = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        file = named ?? (folder == nil ? Self.files.first(where: exists) : nil)
    }
}
