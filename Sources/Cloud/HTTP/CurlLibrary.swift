import CCurl
import Glibc

/// libcurl, opened when it is first needed: it and what it brings along would take longer to load than the rest of the
/// program.
@safe struct CurlLibrary: @unchecked Sendable {
    // Sendable although it holds addresses: they are those of functions, which stay for as long as the process.
    typealias Handle = UnsafeMutableRawPointer
    typealias List = UnsafeMutablePointer<curl_slist>

    let makeHandle: @convention(c) () -> Handle?
    let reset: @convention(c) (Handle) -> Void
    let cleanUp: @convention(c) (Handle) -> Void
    let perform: @convention(c) (Handle) -> CURLcode
    let append: @convention(c) (List?, UnsafePointer<CChar>) -> List?
    let free: @convention(c) (List?) -> Void
    let words: @convention(c) (CURLcode) -> UnsafePointer<CChar>?
    let setOption: UnsafeMutableRawPointer
    let getInfo: UnsafeMutableRawPointer

    /// nil where it is not installed.
    static let shared = CurlLibrary()

    private init?() {
        guard let library = unsafe dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL),
            let start = unsafe dlsym(library, "curl_global_init"),
            let makeHandle = unsafe dlsym(library, "curl_easy_init"),
            let reset = unsafe dlsym(library, "curl_easy_reset"),
            let cleanUp = unsafe dlsym(library, "curl_easy_cleanup"),
            let perform = unsafe dlsym(library, "curl_easy_perform"),
            let append = unsafe dlsym(library, "curl_slist_append"),
            let free = unsafe dlsym(library, "curl_slist_free_all"),
            let words = unsafe dlsym(library, "curl_easy_strerror"),
            let setOption = unsafe dlsym(library, "curl_easy_setopt"),
            let getInfo = unsafe dlsym(library, "curl_easy_getinfo")
        else { return nil }
        typealias Start = @convention(c) (Int) -> CURLcode
        // CURL_GLOBAL_ALL, a macro that Swift does not see.
        guard unsafe unsafeBitCast(start, to: Start.self)(3) == CURLE_OK else { return nil }
        unsafe self.makeHandle = unsafeBitCast(makeHandle, to: (@convention(c) () -> Handle?).self)
        unsafe self.reset = unsafeBitCast(reset, to: (@convention(c) (Handle) -> Void).self)
        unsafe self.cleanUp = unsafeBitCast(cleanUp, to: (@convention(c) (Handle) -> Void).self)
        unsafe self.perform = unsafeBitCast(perform, to: (@convention(c) (Handle) -> CURLcode).self)
        unsafe self.append = unsafeBitCast(
            append, to: (@convention(c) (List?, UnsafePointer<CChar>) -> List?).self)
        unsafe self.free = unsafeBitCast(free, to: (@convention(c) (List?) -> Void).self)
        unsafe self.words = unsafeBitCast(words, to: (@convention(c) (CURLcode) -> UnsafePointer<CChar>?).self)
        unsafe self.setOption = setOption
        unsafe self.getInfo = getInfo
    }
}
