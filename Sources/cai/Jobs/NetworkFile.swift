import AstroMAE
import Cloud
import Runs
import Inference
import Platform
import TensorFiles

/// Weights, here or in a store, of whatever network they are.
struct NetworkFile {
    /// A path, or `s3://bucket/key`.
    let name: String
    /// Has them where they are an object.
    var store: (any ObjectStore)?
    /// Threads to read and pack them on.
    var threads = Processors.available

    /// Makes a network of them, compares their checksums, lets go of the file and tells what had to be assumed.
    func load<Network: CutoutNetwork>(
        isQuiet: Bool, _ make: (TensorFile, ParallelLoop) throws -> Network
    ) throws -> Network {
        let parallel = ParallelLoop.threads(threads)
        let file = try TensorFile.open(named: name, store: store)
        if !file.isVerifiedLast { try file.verifyChecksums(on: parallel) }
        let network = try make(file, parallel)
        if file.isVerifiedLast { try file.verifyChecksums() }
        file.release()
        if !isQuiet {
            for notice in network.notices { Console.report("notice: \(notice)") }
        }
        return network
    }
}
