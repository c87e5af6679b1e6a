import Foundation
import Inference
import Platform
import TensorFiles

/// The demo galaxies in one form of file, as `Benchmarks/scaling/inputs.py` writes them.
struct Form {
    let name: String
    /// Files in the folder of inputs.
    let files: [String]

    static let all = [
        Form(name: "npz, stored (as pt)", files: ["stored.npz"]),
        Form(name: "npz, deflated", files: (0..<8).map { "deflated-\($0).npz" }),
        Form(name: "FITS, image", files: ["cube.fits"]), Form(name: "FITS, table", files: ["table.fits"]),
        Form(name: "HDF5, contiguous", files: ["plain.h5"]), Form(name: "HDF5, gzip", files: ["gzip.h5"]),
    ]

    func partitions(in folder: String) throws(Failure) -> [PartitionReader] {
        var partitions: [PartitionReader] = []
        for file in files { partitions.append(try Form.partition(folder + "/" + file)) }
        return partitions
    }

    /// A file of cutouts of 5 bands of 32 x 32 pixels with 5 magnitudes, whatever the network.
    static func partition(_ path: String) throws(Failure) -> PartitionReader {
        try PartitionReader(
            TensorFile.open(path: path, checksums: .deferred), source: path, label: "g", imageShape: [5, 32, 32],
            magnitudeCount: 5)
    }
}
