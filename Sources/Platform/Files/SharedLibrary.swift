import Glibc

/// A C library that is opened when it is first needed, not linked: cfitsio and HDF5 bring libraries of their own along,
/// most runs need neither, and a machine without them still reads every other format. Their few functions are declared
/// where they are called, so that building does not need their headers either.
@safe package struct SharedLibrary: @unchecked Sendable {
    // Sendable although it holds an address: the library stays for as long as the process.
    /// What errors call it.
    package let name: String
    private let handle: UnsafeMutableRawPointer

    /// Opens the first of `files` that is there.
    /// - Parameter package: what brings it on Debian.
    package init(_ name: String, files: [String], package: String) throws(MissingLibrary) {
        for file in files {
            if let handle = unsafe dlopen(file, RTLD_NOW | RTLD_LOCAL) {
                self.name = name
                unsafe self.handle = handle
                return
            }
        }
        throw MissingLibrary(
            message: "needs \(name), which is not installed (\(files[0])): install the Debian package \(package)")
    }

    /// A function, or the address of a variable.
    package func symbol<Symbol>(_ symbol: String, as type: Symbol.Type) throws(MissingLibrary) -> Symbol {
        guard let address = unsafe dlsym(handle, symbol) else {
            throw MissingLibrary(message: "the \(name) that is installed is of another version: it has no \(symbol)")
        }
        return unsafe unsafeBitCast(address, to: type)
    }

    /// The value of a variable.
    package func constant(_ name: String) throws(MissingLibrary) -> Int64 {
        unsafe try symbol(name, as: UnsafeRawPointer.self).load(as: Int64.self)
    }

    /// The same for one that not every version has.
    package func optional<Symbol>(_ symbol: String, as type: Symbol.Type) -> Symbol? {
        try? self.symbol(symbol, as: type)
    }
}

/// Why a library cannot be used.
package struct MissingLibrary: Error, Equatable {
    package let message: String

    package init(message: String) { self.message = message }
}
