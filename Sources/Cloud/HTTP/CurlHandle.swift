import CCurl
import Glibc
import Platform

/// An easy handle of libcurl, with the connections that it keeps open. Used by one thread at a time.
@safe final class CurlHandle: @unchecked Sendable {
    // Sendable although it holds a pointer: the pool gives it to one caller at a time.
    private let library: CurlLibrary
    private let handle: CurlLibrary.Handle
    private let certificates: HandleCertificates?

    /// - Parameter certificates: shared with other handles; nil to have them read for each connection.
    /// - Returns: nil where libcurl cannot create one.
    init?(_ library: CurlLibrary, sharing certificates: CertificateStore?) {
        guard let handle = unsafe library.makeHandle() else { return nil }
        self.library = library
        unsafe self.handle = handle
        self.certificates = library.certificates == nil ? nil : certificates.map(HandleCertificates.init)
    }

    deinit { unsafe library.cleanUp(handle) }

    /// Runs the exchange on the calling thread.
    func exchange(
        _ request: HTTPRequest, _ address: WebAddress, _ limits: CurlTransport.Limits, _ authorities: Authorities
    ) -> HTTPOutcome {
        unsafe library.reset(handle)
        set(limits, request, authorities)
        set(CURLOPT_URL, request.url)
        if address.isLocal { set(CURLOPT_PROXY, "") }
        let reception = CurlReception(request)
        let status = perform(request, reception)
        certificates?.exchangeEnds(isVerified: status == CURLE_OK)
        guard !reception.isOverfull else {
            return .broken(
                reception.response, Failure(address.hostHeader, "the answer has more bytes than requested"))
        }
        if reception.isRefused, let response = reception.response { return .whole(response) }
        guard status == CURLE_OK else {
            return .broken(reception.response, failure(status, address, request, limits, authorities))
        }
        guard let response = reception.response else {
            return .broken(nil, Failure(.unavailable, address.hostHeader, "the answer has no status"))
        }
        // libcurl checks this too, but not in every case of a broken connection.
        let hasBody = request.method != "HEAD" && response.status != 204 && response.status != 304
        if hasBody, response.header("Transfer-Encoding") == nil, let text = response.header("Content-Length"),
            Int(text) != reception.byteCount
        {
            return .broken(
                response,
                Failure(
                    .unavailable, address.hostHeader,
                    "the answer broke off: \(text.oneLine) bytes announced, \(reception.byteCount) came"))
        }
        return .whole(response)
    }

    private func set(_ limits: CurlTransport.Limits, _ request: HTTPRequest, _ authorities: Authorities) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        // Keys may have components "." and "..", which must not be resolved.
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, 128 << 10)
        set(CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10)
        set(CURLOPT_USERAGENT, "cai")
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(limits.connect))
        if !request.mayStall {
            set(CURLOPT_LOW_SPEED_LIMIT, max(1, limits.slowest))
            set(CURLOPT_LOW_SPEED_TIME, Int(max(1, min(limits.stall, 86400)).rounded(.up)))
        }
        if let timeout = request.timeout { set(CURLOPT_TIMEOUT_MS, Self.milliseconds(timeout)) }
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = authorities.file { set(CURLOPT_CAINFO, file) }
        if let folder = authorities.folder { set(CURLOPT_CAPATH, folder) }
        if let certificates { share(certificates) }
    }

    private func share(_ certificates: HandleCertificates) {
        guard
            unsafe cai_curl_set_tls(
                library.setOption, handle, CURLOPT_SSL_CTX_FUNCTION, HandleCertificates.connectionBegins) == CURLE_OK
        else { return }
        let context = unsafe Unmanaged.passUnretained(certificates).toOpaque()
        _ = unsafe cai_curl_set_pointer(library.setOption, handle, CURLOPT_SSL_CTX_DATA, context)
        guard certificates.areShared else { return }
        _ = unsafe cai_curl_set_text(library.setOption, handle, CURLOPT_CAINFO, nil)
        _ = unsafe cai_curl_set_text(library.setOption, handle, CURLOPT_CAPATH, nil)
    }

    /// Milliseconds for libcurl, at least 1, since 0 means no limit.
    private static func milliseconds(_ seconds: Double) -> Int { Int(max(1, min(seconds * 1000, 86_400_000))) }

    private func perform(_ request: HTTPRequest, _ reception: CurlReception) -> CURLcode {
        let isUpload = request.body != nil
        switch request.method {
        case "HEAD": set(CURLOPT_NOBODY, 1)
        case "GET" where !isUpload: set(CURLOPT_HTTPGET, 1)
        default: set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        var lines = request.headers.map { "\($0.name): \($0.value)" }
        let names = Set(request.headers.map { $0.name.lowercased() })
        if let body = request.body {
            // libcurl would declare the body to be a form, which some servers then parse.
            if !names.contains("content-type") { lines.append("Content-Type: application/octet-stream") }
            // Asking first takes a round trip, which only a long body is worth.
            if body.count < Self.asksFirst { lines.append("Expect:") }
        }
        guard !lines.contains(where: { $0.utf8.contains { $0 == 13 || $0 == 10 || $0 == 0 } }) else {
            return CURLE_BAD_FUNCTION_ARGUMENT
        }
        var list: CurlLibrary.List?
        defer { unsafe library.free(list) }
        for line in lines {
            guard let longer = unsafe library.append(list, line) else { return CURLE_OUT_OF_MEMORY }
            unsafe list = longer
        }
        _ = unsafe cai_curl_set_list(library.setOption, handle, CURLOPT_HTTPHEADER, list)
        let context = unsafe Unmanaged.passUnretained(reception).toOpaque()
        _ = unsafe cai_curl_set_transfer(library.setOption, handle, CURLOPT_HEADERFUNCTION, CurlReception.takeHeader)
        _ = unsafe cai_curl_set_pointer(library.setOption, handle, CURLOPT_HEADERDATA, context)
        _ = unsafe cai_curl_set_transfer(library.setOption, handle, CURLOPT_WRITEFUNCTION, CurlReception.takeBody)
        _ = unsafe cai_curl_set_pointer(library.setOption, handle, CURLOPT_WRITEDATA, context)
        return withExtendedLifetime(reception) {
            guard let body = request.body else { return unsafe library.perform(handle) }
            return unsafe body.withUnsafeBytes { bytes in
                // Without an address, which an empty array may lack, libcurl would read the body from the standard input.
                unsafe withUnsafeBytes(of: UInt8(0)) { nothing in
                    let start = unsafe bytes.baseAddress ?? nothing.baseAddress
                    _ = unsafe cai_curl_set_size(
                        library.setOption, handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
                    _ = unsafe cai_curl_set_pointer(library.setOption, handle, CURLOPT_POSTFIELDS, start)
                    return unsafe library.perform(handle)
                }
            }
        }
    }

    /// Bytes from which on the server is asked before the body is sent (Expect: 100-continue).
    private static let asksFirst = 8 << 20

    private func set(_ option: CURLoption, _ value: Int) {
        _ = unsafe cai_curl_set_long(library.setOption, handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        _ = unsafe cai_curl_set_text(library.setOption, handle, option, value)
    }

    private func failure(
        _ status: CURLcode, _ address: WebAddress, _ request: HTTPRequest, _ limits: CurlTransport.Limits,
        _ authorities: Authorities
    ) -> Failure {
        let host = address.hostHeader
        var number = 0
        _ = unsafe cai_curl_get_long(library.getInfo, handle, CURLINFO_OS_ERRNO, &number)
        let reason = number == 0 ? "" : unsafe ": \(String(cString: strerror(Int32(truncatingIfNeeded: number))))"
        switch status {
        case CURLE_COULDNT_RESOLVE_HOST: return Failure(.unavailable, host, "the name cannot be resolved")
        case CURLE_COULDNT_CONNECT: return Failure(.unavailable, host, "no connection\(reason)")
        case CURLE_OPERATION_TIMEDOUT:
            let total = request.timeout.map { ", \($0) s in all" } ?? ""
            return Failure(
                .unavailable, host,
                "no answer in time (limits: \(limits.connect) s to connect, \(limits.stall) s of standing still\(total))"
            )
        case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING:
            return Failure(.unavailable, host, "the connection broke off\(reason)")
        case CURLE_SSL_CACERT_BADFILE:
            return Failure(host, "its certificate cannot be checked: \(authorities.name) cannot be read")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            return Failure(
                host,
                "its certificate is not trusted by \(authorities.name), or is another host's: AWS_CA_BUNDLE can name "
                    + "the authorities to trust")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT:
            return Failure(host, "no request to be sent: \(description(of: status))")
        default: return Failure(.unavailable, host, "the exchange failed\(reason): \(description(of: status))")
        }
    }

    private func description(of status: CURLcode) -> String {
        unsafe library.statusText(status).map { unsafe String(cString: $0) } ?? "error \(status.rawValue)"
    }
}
