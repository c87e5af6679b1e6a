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

extension BandOrder {
    /// The order that the names of a FITS file's planes state; nil where they state none, or that of the layout.
    ///
    /// A name states a band where one of its words is the band's letter: `z`, `SDSS_z`, `z-band`; or where the names differ
    /// in that letter alone: `uband` and `zband`, `SDSSU` and `SDSSZ`.
    /// - Parameter planes: of each plane.
    /// - Throws: `Failure` where the names contradict the bands of the layout, or are those of some bands only.
    init?(planes: [String], _ layout: GalaxyLayout, of file: String) throws(Failure) {
        let wanted = Array(layout.bandNames)
        let known = Set(wanted + (layout.statedBands ?? "") + Self.letters)
        var bands = planes.map { name -> Character? in
            let words = Set(name.lowercased().split { !$0.isLetter }.filter { $0.count == 1 }.compactMap(\.first))
            let found = words.intersection(known)
            return found.count == 1 ? found.first : nil
        }
        if bands.allSatisfy({ $0 == nil }), let letters = Self.differing(planes), letters.allSatisfy(known.contains) {
            bands = letters
        }
        let expected = layout.statedBands.map { Array($0) } ?? wanted
        let agrees = bands.count == expected.count && zip(bands, expected).allSatisfy { $0 == nil || $0 == $1 }
        if agrees || bands.allSatisfy({ $0 == nil }) { return nil }
        let places = wanted.compactMap { bands.firstIndex(of: $0) }
        guard layout.statedBands == nil, places.count == wanted.count,
            Set(bands.compactMap(\.self)).count == bands.count(where: { $0 != nil })
        else {
            let found = zip(planes, bands).map { name, band in
                band.map(String.init) ?? "'\(name.split(separator: " ").joined(separator: " ").printable)'"
            }
            throw Failure(
                file,
                "planes: their names are \(found.joined(separator: ", ")), expected "
                    + (layout.statedBands.map { "the bands of --bands, \($0), or no --bands" }
                        ?? "\(wanted.map(String.init).joined(separator: ", ")), each once, or no names"))
        }
        (self.places, count) = (places, planes.count)
    }

    /// The letter of each name where they have the same letters before it and after it, and differ in it; otherwise nil.
    private static func differing(_ names: [String]) -> [Character]? {
        let names = names.map { Array($0.lowercased().split(separator: " ").first ?? "") }
        guard names.count > 1, let first = names.first, names.allSatisfy({ $0.count == first.count }) else {
            return nil
        }
        let columns = first.indices.filter { index in names.contains { $0[index] != first[index] } }
        guard columns.count == 1 else { return nil }
        let letters = names.map { $0[columns[0]] }
        return Set(letters).count == letters.count ? letters : nil
    }

    /// Letters of the usual bands.
    private static let letters = "ugrizy"
}
