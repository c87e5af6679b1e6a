import CCurl
import Platform

/// libcurl, opened when it is first needed: loading it and its dependencies takes longer than the rest of the program.
@safe struct CurlLibrary: @unchecked Sendable {
    // Sendable although it holds addresses: those of functions never change.
    typealias Handle = UnsafeMutableRawPointer
    typealias List = UnsafeMutablePointer<curl_slist>

    let makeHandle: @convention(c) () -> Handle?
    let reset: @convention(c) (Handle) -> Void
    let cleanUp: @convention(c) (Handle) -> Void
    let perform: @convention(c) (Handle) -> CURLcode
    let append: @convention(c) (List?, UnsafePointer<CChar>) -> List?
    let free: @convention(c) (List?) -> Void
    let statusText: @convention(c) (CURLcode) -> UnsafePointer<CChar>?
    let setOption: UnsafeMutableRawPointer
    let getInfo: UnsafeMutableRawPointer
    /// nil where libcurl uses another library than OpenSSL for TLS.
    let certificates: CertificateCalls?

    /// nil where it is not installed.
    static let shared = try? CurlLibrary()

    private init() throws(Failure) {
        let library = try SharedLibrary("libcurl", files: ["libcurl.so.4"], package: "libcurl4")
        // CURL_GLOBAL_ALL, a macro that Swift does not see.
        guard try library.symbol("curl_global_init", as: (@convention(c) (Int) -> CURLcode).self)(3) == CURLE_OK else {
            throw Failure("libcurl cannot be started")
        }
        unsafe makeHandle = try library.symbol("curl_easy_init")
        unsafe reset = try library.symbol("curl_easy_reset")
        unsafe cleanUp = try library.symbol("curl_easy_cleanup")
        unsafe perform = try library.symbol("curl_easy_perform")
        unsafe append = try library.symbol("curl_slist_append")
        unsafe free = try library.symbol("curl_slist_free_all")
        unsafe statusText = try library.symbol("curl_easy_strerror")
        unsafe setOption = try library.symbol("curl_easy_setopt")
        unsafe getInfo = try library.symbol("curl_easy_getinfo")
        let version: @convention(c) (CURLversion) -> UnsafeMutablePointer<curl_version_info_data>?
        unsafe version = try library.symbol("curl_version_info")
        let tls = unsafe version(CURLVERSION_FIRST)?.pointee.ssl_version.map { unsafe String(cString: $0) }
        certificates = tls?.hasPrefix("OpenSSL/") == true ? CertificateCalls(library) : nil
    }
}
