import FoundationEssentials
import Platform
import Synchronization

/// HTTP exchanges through libcurl. Each call takes a handle from a pool and returns it, so that its connection is reused.
/// TLS certificates are always verified.
public final class CurlTransport: HTTPTransport {
    /// Time limits, in seconds.
    public struct Limits: Sendable {
        /// Until the connection is established.
        public var connect = 5.0
        /// Of stalling, which is a transfer slower than `slowest`; rounded up to whole seconds.
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
    /// nil where a proxy is reached over TLS: it has authorities of its own, which must not be mixed up with these.
    private let certificates: CertificateStore?
    private let idle = Mutex<[CurlHandle]>([])

    /// - Parameter environment: `AWS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` or `SSL_CERT_DIR` name the
    ///   authorities that certificates are checked against, by default those of the system. libcurl reads the settings of
    ///   proxies from the environment of the process.
    public init(limits: Limits = Limits(), environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.limits = limits
        authorities = Authorities(environment)
        certificates = Self.hasSecureProxy(ProcessInfo.processInfo.environment) ? nil : CertificateStore()
    }

    /// Whether libcurl may connect to a proxy over TLS.
    static func hasSecureProxy(_ environment: [String: String]) -> Bool {
        environment.contains {
            $0.key.lowercased().hasSuffix("_proxy") && $0.value.trimmingSpaces.lowercased().hasPrefix("https:")
        }
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
            return .broken(nil, Failure("libcurl.so.4", "cannot be opened: is libcurl installed?"))
        }
        guard let handle = idle.withLock({ $0.popLast() }) ?? CurlHandle(library, sharing: certificates) else {
            return .broken(nil, Failure(.unavailable, address.hostHeader, "libcurl gives no handle"))
        }
        defer { idle.withLock { $0.append(handle) } }
        return handle.exchange(request, address, limits, authorities)
    }
}

/// The file or folder with the certificates of authorities. The default of libcurl is that of the system it was built on,
/// which may be missing in a minimal image.
struct Authorities: Equatable {
    let file: String?
    let folder: String?

    /// Name in error messages.
    var name: String { (file ?? folder)?.oneLine ?? "this system's authorities" }

    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
    ]

    init(_ environment: [String: String], exists: (String) -> Bool = FileManager.default.fileExists(atPath:)) {
        let named = environment.set("AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        folder = environment.set("SSL_CERT_DIR")
        file = named ?? (folder == nil ? Self.files.first(where: exists) : nil)
    }
}
