import Glibc
import Testing

/// Whether the tests and the program were built for a sanitizer (`make sanitize`).
enum Sanitizer {
    static let isOn = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

    /// The reason why a test of limits is then skipped.
    static let takesMemory: Comment = "a sanitizer takes memory and addresses of its own"
}
