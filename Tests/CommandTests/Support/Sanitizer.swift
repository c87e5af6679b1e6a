import Glibc
import Testing

/// Whether the tests, and with them the program, were built for a sanitizer (`make sanitize`).
enum Sanitizer {
    static let isOn = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

    /// Why a test of limits is left out then.
    static let takesMemory: Comment = "a sanitizer takes memory and addresses of its own"
}
