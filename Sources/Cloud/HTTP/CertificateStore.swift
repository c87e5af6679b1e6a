import CCurl
import Platform
import Synchronization

/// The certificates of the authorities that the connections of a transport trust. libcurl reads and parses them for every
/// connection: 40 ms of a processor and 0.8 MB for a system's bundle. Those of the first connection, as libcurl has set
/// them up, are kept here and given to the later ones, each of which OpenSSL verifies against them as before.
final class CertificateStore: Sendable {
    private let kept = Mutex<CertificateCalls.Store?>(nil)

    deinit { if let store = kept.withLock({ $0 }) { CurlLibrary.shared?.certificates?.release(store) } }

    /// Whether a connection needs no certificates of its own.
    var isFilled: Bool { kept.withLock { $0 != nil } }

    /// Keeps the certificates of a new connection, or replaces them by those that are kept.
    private func share(with connection: CertificateCalls.Connection) {
        guard let calls = CurlLibrary.shared?.certificates else { return }
        kept.withLock { store in
            if let store { calls.set(store, in: connection) } else { store = calls.retainedStore(of: connection) }
        }
    }

    /// Called by libcurl when it has set up the TLS of a new connection, before the handshake.
    static let connectionBegins: cai_curl_tls = { _, connection, store in
        guard let connection = unsafe connection, let store = unsafe store else { return CURLE_SSL_CERTPROBLEM }
        unsafe Unmanaged<CertificateStore>.fromOpaque(store).takeUnretainedValue()
            .share(with: CertificateCalls.Connection(address: connection))
        return CURLE_OK
    }
}

/// Calls to OpenSSL, of which libcurl has opened the version that it uses.
@safe struct CertificateCalls: @unchecked Sendable {
    // Sendable although these hold addresses: functions never change, and OpenSSL locks a store that is shared.
    /// An `X509_STORE`.
    @safe struct Store: @unchecked Sendable { fileprivate let address: UnsafeMutableRawPointer }
    /// The `SSL_CTX` of a connection.
    @safe struct Connection: @unchecked Sendable { let address: UnsafeMutableRawPointer }

    private let storeOf: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer?
    private let setStore: @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
    private let retain: @convention(c) (UnsafeMutableRawPointer) -> Int32
    private let free: @convention(c) (UnsafeMutableRawPointer) -> Void

    /// - Parameter library: libcurl; its dependencies are searched too.
    /// - Returns: nil for a version of OpenSSL before 1.1.1, which lacks one of them.
    init?(_ library: SharedLibrary) {
        do throws(Failure) {
            unsafe storeOf = try library.symbol("SSL_CTX_get_cert_store")
            unsafe setStore = try library.symbol("SSL_CTX_set1_cert_store")
            unsafe retain = try library.symbol("X509_STORE_up_ref")
            unsafe free = try library.symbol("X509_STORE_free")
        } catch {
            return nil
        }
    }

    /// The store of a connection, to be released; nil where there is none.
    func retainedStore(of connection: Connection) -> Store? {
        guard let address = unsafe storeOf(connection.address), unsafe retain(address) == 1 else { return nil }
        return unsafe Store(address: address)
    }

    func set(_ store: Store, in connection: Connection) { unsafe setStore(connection.address, store.address) }

    func release(_ store: Store) { unsafe free(store.address) }
}
