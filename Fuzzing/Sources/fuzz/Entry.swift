import Glibc
import TestSupport

@testable import TensorFiles

/// The target of this process: `fuzz TARGET [options of libFuzzer] [corpus ...]`.
private nonisolated(unsafe) var target: FuzzTarget?

/// The environment variable with the target's name, for processes that libFuzzer starts.
private let variable = "CAI_FUZZ_TARGET"

/// Removes the target's name from the arguments, and sets the maximum input length unless it is given.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
    var arguments = (0..<Int(count.pointee)).compactMap { list.pointee[$0].map { String(cString: $0) } }
    if arguments.count == 2, arguments[1] == "--list" {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    if arguments.count == 3, arguments[1] == "--seeds" { writeSeeds(to: arguments[2]) }
    if arguments.count > 1, FuzzTarget.all.contains(where: { $0.name == arguments[1] }) {
        setenv(variable, arguments.remove(at: 1), 1)
    }
    let name = getenv(variable).map { String(cString: $0) } ?? ""
    guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
        fail("fuzz: expected one of \(FuzzTarget.all.map(\.name).joined(separator: ", ")), found '\(name)'")
    }
    if !arguments.contains(where: { $0.hasPrefix("-max_len=") }) {
        arguments.insert("-max_len=\(found.maximumLength)", at: 1)
    }
    target = found
    // Their counters, if they have any (Fuzzing/instrumented.sh), have to be loaded before the first input.
    _ = (try? CFitsio.shared(for: ""), try? HDF5Library.shared(for: ""))
    let copies = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
    for (index, argument) in arguments.enumerated() { copies[index] = strdup(argument) }
    copies[arguments.count] = nil
    list.pointee = copies
    count.pointee = Int32(arguments.count)
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target?.run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

/// Writes the seeds of each target into a folder of its name.
private func writeSeeds(to folder: String) -> Never {
    do {
        for target in FuzzTarget.all {
            let path = "\(folder)/\(target.name)"
            mkdir(path, 0o755)
            for (index, seed) in try target.seeds().enumerated() where seed.count <= target.maximumLength {
                guard let file = fopen("\(path)/seed-\(index)", "w") else { fail("\(path): cannot be written") }
                fwrite(seed, 1, seed.count, file)
                fclose(file)
            }
        }
    } catch {
        fail("fuzz: \(error)")
    }
    exit(0)
}

private func fail(_ line: String) -> Never {
    _ = Array((line + "\n").utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    exit(2)
}
