import Glibc

/// A C library that is opened when it is first needed, not linked. cfitsio, HDF5 and libcurl load further libraries, most
/// runs need none of them, and a machine without them still reads every other format. The functions are declared where
/// they are called, so that building does not need the headers of cfitsio and HDF5 either.
@safe package struct SharedLibrary: @unchecked Sendable {
    // Sendable although it holds an address: the library is never closed.
    /// Name in error messages.
    package let name: String
    private let handle: UnsafeMutableRawPointer

    /// Opens the first of `files` that is installed.
    /// - Parameter package: the Debian package that contains it.
    /// - Throws: `Failure` without a subject.
    package init(_ name: String, files: [String], package: String) throws(Failure) {
        for file in files {
            if let handle = unsafe dlopen(file, RTLD_NOW | RTLD_LOCAL) {
                self.name = name
                unsafe self.handle = handle
                return
            }
        }
        throw Failure("needs \(name), which is not installed (\(files[0])): install the Debian package \(package)")
    }

    /// A function, or the address of a variable.
    /// - Throws: `Failure` where the library has no such symbol.
    package func symbol<Symbol>(_ symbol: String, as type: Symbol.Type = Symbol.self) throws(Failure) -> Symbol {
        guard let address = unsafe dlsym(handle, symbol) else {
            throw Failure("the \(name) that is installed is of another version: it has no \(symbol)")
        }
        return unsafe unsafeBitCast(address, to: type)
    }

    /// The value of a variable.
    package func constant(_ name: String) throws(Failure) -> Int64 {
        unsafe try symbol(name, as: UnsafeRawPointer.self).load(as: Int64.self)
    }

    /// The same for a symbol that not every version has; nil without it.
    package func optional<Symbol>(_ symbol: String, as type: Symbol.Type = Symbol.self) -> Symbol? {
        try? self.symbol(symbol, as: type)
    }
}
