import CArguments

/// The arguments of this process, also where /proc, from which `CommandLine` reads them, is not mounted.
package enum ProcessArguments {
    /// With the program's name; bytes that are not UTF-8 are replaced.
    package static let all: [String] = (0..<cai_argument_count()).map { unsafe String(cString: cai_argument($0)) }
}
