import CCurl
import Platform
import Synchronization

/// The certificates of the authorities that the connections of a transport trust. libcurl reads and parses them for
/// every connection: 40 ms of a processor and 0.8 MB for a system's bundle. Those of the first connection that has
/// verified its server are kept here and given to later ones, each of which OpenSSL verifies against them as before.
///
/// libcurl 7.87 to 8.2 loads them during the handshake, after the call that begins a connection: until then others
/// would find a store without them, or fill it at the same time, for which OpenSSL has no lock.
final class CertificateStore: Sendable {
    private let kept = Mutex<CertificateCalls.Store?>(nil)

    deinit { if let store = kept.withLock({ $0 }) { CurlLibrary.shared?.certificates?.release(store) } }

    /// Whether a connection needs no certificates of its own.
    var isFilled: Bool { kept.withLock { $0 != nil } }

    /// Keeps those of a connection that has verified its server, unless there are some.
    fileprivate func keep(_ connection: CertificateCalls.Connection) {
        kept.withLock { store in
            if store == nil { store = CurlLibrary.shared?.certificates?.retainedStore(of: connection) }
        }
    }

    fileprivate func give(to connection: CertificateCalls.Connection) {
        kept.withLock { store in if let store { CurlLibrary.shared?.certificates?.set(store, in: connection) } }
    }
}

/// What one handle does with a `CertificateStore`. Used by one thread at a time.
final class HandleCertificates {
    private let store: CertificateStore
    /// Whether its connections begin without certificates of their own. It does not change, since a connection is
    /// reused only under the settings that it was made with.
    let areShared: Bool
    /// The connection that the exchange has begun, with certificates of its own; retained.
    private var begun: CertificateCalls.Connection?

    init(_ store: CertificateStore) { (self.store, areShared) = (store, store.isFilled) }

    deinit { exchangeEnds(isVerified: false) }

    private func begin(_ connection: CertificateCalls.Connection) {
        guard !areShared else { return store.give(to: connection) }
        exchangeEnds(isVerified: false)
        if !store.isFilled { begun = CurlLibrary.shared?.certificates?.retained(connection) }
    }

    /// To be called after each exchange.
    /// - Parameter isVerified: whether it has succeeded, and a new connection with it.
    func exchangeEnds(isVerified: Bool) {
        guard let connection = begun else { return }
        if isVerified { store.keep(connection) }
        CurlLibrary.shared?.certificates?.release(connection)
        begun = nil
    }

    /// Called by libcurl when it has set up the TLS of a new connection, before the handshake.
    static let connectionBegins: cai_curl_tls = { _, connection, certificates in
        guard let connection = unsafe connection, let certificates = unsafe certificates else {
            return CURLE_SSL_CERTPROBLEM
        }
        unsafe Unmanaged<HandleCertificates>.fromOpaque(certificates).takeUnretainedValue()
            .begin(CertificateCalls.Connection(address: connection))
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
    private let retainConnection: @convention(c) (UnsafeMutableRawPointer) -> Int32
    private let freeConnection: @convention(c) (UnsafeMutableRawPointer) -> Void

    /// - Parameter library: libcurl; its dependencies are searched too.
    /// - Returns: nil for a version of OpenSSL before 1.1.1, which lacks one of them.
    init?(_ library: SharedLibrary) {
        do throws(Failure) {
            unsafe storeOf = try library.symbol("SSL_CTX_get_cert_store")
            unsafe setStore = try library.symbol("SSL_CTX_set1_cert_store")
            unsafe retain = try library.symbol("X509_STORE_up_ref")
            unsafe free = try library.symbol("X509_STORE_free")
            unsafe retainConnection = try library.symbol("SSL_CTX_up_ref")
            unsafe freeConnection = try library.symbol("SSL_CTX_free")
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

    /// The connection, to be released; nil where it cannot be retained.
    func retained(_ connection: Connection) -> Connection? {
        unsafe retainConnection(connection.address) == 1 ? connection : nil
    }

    func release(_ connection: Connection) { unsafe freeConnection(connection.address) }
}
