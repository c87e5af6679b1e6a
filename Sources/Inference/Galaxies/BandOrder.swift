import Platform
import TensorFiles

/// The index of each of the network's bands among those of a file.
struct BandOrder: Sendable {
    let places: [Int]
    /// Bands of the file.
    let count: Int

    /// Images [N, bands of the network, rows, columns] out of those with the file's bands, whose pages are released
    /// once they are read.
    func images(_ images: TensorView, of file: String) -> TensorView {
        let plane = images.shape.dropFirst(2).reduce(1, *)
        let shape = [images.rows, places.count] + images.shape.dropFirst(2)
        return .floats(images.name, shape: shape, of: file) { (rows) throws(Failure) in
            let all = try images.floats(rows: rows)
            images.release(rows: rows)
            return picked(all, galaxies: rows.count, size: plane)
        }
    }

    /// The same for magnitudes [N, bands].
    func magnitudes(_ magnitudes: TensorView, of file: String) -> TensorView {
        .doubles(
            magnitudes.name, shape: [magnitudes.rows, places.count], of: file, storedAs: magnitudes.storedTypes
        ) { (rows) throws(Failure) in
            picked(try magnitudes.doubles(rows: rows), galaxies: rows.count, size: 1)
        }
    }

    private func picked<Element>(_ all: [Element], galaxies: Int, size: Int) -> [Element] {
        var out: [Element] = []
        out.reserveCapacity(galaxies * places.count * size)
        for galaxy in 0..<galaxies {
            for place in places {
                let start = (galaxy * count + place) * size
                out += all[start..<start + size]
            }
        }
        return out
    }
}
