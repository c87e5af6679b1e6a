@testable import AstroMAE
@testable import Inference
@testable import Platform

extension FuzzTarget {
    /// Texts of options, a line each: `--bands`, the bands that weights state, `--missing`, `--z-range`.
    static let options = FuzzTarget(
        "options", maximumLength: 512,
        seeds: {
            Seeds.texts(
                "ugriz\ngrizy\n-9999,99.99\n-0.1,10", "ugrizy\ng,r,i,z,y\nnone\n0,1e3",
                "zirgu\nUGRIZ\n 1e20, -0\nnan,1",
                "\u{E9}ugriz\ng, r\n,\n1,0", "grizy\ny,z,i,r,g\n0x10\n-inf,inf")
        },
        run: { bytes in
            let lines = bytes.split(separator: 10, maxSplits: 3, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            for (index, check) in [checkBands, checkStated, checkMissing, checkRange].enumerated()
            where index < lines.count {
                Promise.refusal { try check(lines) }
            }
        })

    private static func checkBands(_ lines: [String]) throws {
        let layout = try GalaxyLayout(bands: lines[0])
        let letters = Array(layout.statedBands ?? "")
        Promise.keep(Set(letters).count == letters.count && layout.bandCount == letters.count, "bands repeat")
        checkPlaces(layout, letters)
    }

    /// The layout of a network that states its bands.
    private static func checkStated(_ lines: [String]) throws {
        guard let stated = NetworkBands.letters(of: lines[1]) else { return }
        Promise.keep(NetworkBands.letters(of: stated) == stated, "the letters of bands are read differently")
        Promise.keep(NetworkBands.letters(of: NetworkBands.list(stated)) == stated, "listed bands are read differently")
        let network = NetworkBands(letters: stated, file: "weights")
        let silent = try GalaxyLayout.usual.resolved(for: network)
        Promise.keep(silent.bandNames == stated && silent.bandPlaces == nil, "a network has other bands than it states")
        let layout = try GalaxyLayout(bands: lines[0]).resolved(for: network)
        Promise.keep(layout.bandNames == stated, "a network has other bands than it states")
        checkPlaces(layout, Array(layout.statedBands ?? ""))
        let again = try layout.resolved(for: network)
        Promise.keep(again.bandPlaces == layout.bandPlaces, "a layout that is resolved twice is another one")
    }

    /// The bands of the files, in the order that the layout states, are the network's.
    private static func checkPlaces(_ layout: GalaxyLayout, _ letters: [Character]) {
        let places = layout.bandPlaces ?? Array(letters.indices)
        Promise.keep(places.allSatisfy(letters.indices.contains), "a band is at no index")
        Promise.keep(places.map { letters[$0] } == Array(layout.bandNames), "the order of bands differs")
    }

    private static func checkMissing(_ lines: [String]) throws {
        let missing = try MissingValues(lines[2])
        Promise.keep(missing.values.allSatisfy(\.isFinite), "a missing value is not finite")
        Promise.keep(try MissingValues(missing.text) == missing, "the written values are read differently")
        for value in missing.values {
            Promise.keep(UnknownRedshift(value, missing) != nil, "a missing value is a known redshift")
        }
    }

    private static func checkRange(_ lines: [String]) throws {
        let range = try PlausibleRedshifts(lines[3])
        Promise.keep(range.range.lowerBound.isFinite && range.range.upperBound.isFinite, "a bound is not finite")
        Promise.keep(range.range.lowerBound < range.range.upperBound, "an empty range")
        let written = "\(range.range.lowerBound),\(range.range.upperBound)"
        Promise.keep(try PlausibleRedshifts(written) == range, "the written range is read differently")
        Promise.keep(range.outside([.nan]) == nil, "a missing redshift is implausible")
        Promise.keep(range.outside([.infinity])?.count == 1, "an infinite redshift is plausible")
    }
}
