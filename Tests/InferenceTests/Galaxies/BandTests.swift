import Testing

@testable import AstroMAE
@testable import Inference
@testable import Platform

@Suite("Bands of files are relative to those that the weights state")
struct BandTests {
    private static let network = NetworkBands(letters: "grizy", file: "w.safetensors")

    @Test(
        "A layout has the network's bands, and their indices in the files",
        arguments: [(nil, nil), ("grizy", nil), ("ugrizy", [1, 2, 3, 4, 5]), ("yzirg", [4, 3, 2, 1, 0])]
            as [(String?, [Int]?)])
    func order(bands: String?, places: [Int]?) throws {
        let layout = try GalaxyLayout(bands: bands).resolved(for: Self.network)
        #expect(layout.bandNames == "grizy" && layout.bandPlaces == places && layout.ofNetwork == Self.network)
        #expect(try layout.resolved(for: Self.network).bandPlaces == places)
    }

    @Test("Bands without one of the network's are an error that names both", arguments: ["ugriz", "gri"])
    func contradiction(bands: String) throws {
        let layout = try GalaxyLayout(bands: bands)
        let error = #expect(throws: Failure.self) { try layout.resolved(for: Self.network) }
        #expect(error?.description.contains("grizy (metadata 'bands' of w.safetensors)") == true)
        #expect(error?.description.contains("found '\(bands)'") == true)
        #expect(try layout.resolved(for: nil).bandNames == (bands == "ugriz" ? "ugriz" : bands))
    }

    @Test("One name of magnitudes, or one for each of the network's bands", arguments: [1, 2, 5, 6])
    func names(count: Int) throws {
        let layout = try GalaxyLayout(magnitudes: (0..<count).map { "m\($0)" })
        guard count == 2 || count == 6 else {
            #expect(throws: Never.self) { try layout.resolved(for: Self.network) }
            return
        }
        let error = #expect(throws: Failure.self) { try layout.resolved(for: Self.network) }
        #expect(error?.description.contains("one for each of g, r, i, z, y, found \(count): m0,m1") == true)
    }

    @Test("The error of a long option is short", arguments: ["1", "\u{1}", "\u{E9}"])
    func longTexts(character: Character) {
        let text = String(repeating: character, count: 5000) + "x"
        let errors = [
            #expect(throws: Failure.self) { _ = try GalaxyLayout(bands: text) },
            #expect(throws: Failure.self) { _ = try MissingValues(text) },
            #expect(throws: Failure.self) { _ = try PlausibleRedshifts(text) },
        ]
        for error in errors { #expect((error?.description.printable.utf8.count ?? .max) < 1500) }
    }
}
