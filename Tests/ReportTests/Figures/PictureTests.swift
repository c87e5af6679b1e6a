import CZlib
import Foundation
import Testing

@testable import Report

@Suite("Pictures") struct PictureTests {
    /// The image data is inflated and unfiltered here, chunk by chunk.
    @Test("PNG images decode to the same pixels") func imagesAreReadBack() throws {
        let pixels = (0..<7 * 3 * 4).map { UInt8(truncatingIfNeeded: $0 * $0 * 31) }
        let image = PNG(width: 7, height: 3, pixels: pixels)
        #expect(Array(image.bytes.prefix(8)) == [0x89] + Array("PNG\r\n\u{1A}\n".utf8))
        var (offset, chunks): (Int, [(String, [UInt8])]) = (8, [])
        func word(_ at: Int) -> Int { image.bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        while offset < image.bytes.count {
            let size = word(offset)
            let body = Array(image.bytes[offset + 4..<offset + 8 + size])
            #expect(word(offset + 8 + size) == Int(crc32(0, body, uInt(body.count))))
            chunks.append((String(decoding: body.prefix(4), as: UTF8.self), Array(body.dropFirst(4))))
            offset += 12 + size
        }
        #expect(chunks.map(\.0) == ["IHDR", "IDAT", "IEND"])
        #expect(chunks[0].1 == [0, 0, 0, 7, 0, 0, 0, 3, 8, 6, 0, 0, 0])
        var lines = [UInt8](repeating: 0, count: 3 * 29)
        var size = uLong(lines.count)
        #expect(uncompress(&lines, &size, chunks[1].1, uLong(chunks[1].1.count)) == Z_OK && size == 87)
        var found: [UInt8] = []
        for row in 0..<3 {
            #expect(lines[row * 29] == 1)
            var line: [UInt8] = []
            for index in 0..<28 { line.append(lines[row * 29 + 1 + index] &+ (index < 4 ? 0 : line[index - 4])) }
            found += line
        }
        #expect(found == pixels)
    }

    @Test("Colours keep the ratios of bands, and only the brightest pixel is white") func coloursKeepTheirRatios() {
        let stretch = AsinhStretch(white: 2)
        #expect(stretch.value(0) == 0 && abs(stretch.value(2) - 1) < 1e-12 && stretch.value(0.1) > 0.05)
        #expect(stretch.grey(.nan) == [0, 0, 0] && stretch.grey(9) == [255, 255, 255])
        #expect(AsinhStretch([Float]()).white == 1 && AsinhStretch([.nan, 3] as [Float]).white == 3)
        // About linear up to twice the noise, where a bright galaxy's centre is 2,000 times as bright.
        let bright = AsinhStretch(white: 4000, noise: 1)
        #expect(bright.knee == 2 && bright.value(1) / bright.value(0.5) > 1.9 && bright.value(2000) < 0.95)
        let ramp = (0..<100).map { Float($0) }
        let levels = ramp.map { AsinhStretch(ramp, noise: 1).grey($0)[0] }
        #expect(levels.count { $0 == 255 } <= 2 && levels == levels.sorted())
        let (red, green, blue): ([Float], [Float], [Float]) = ([100, 2, -1], [50, 2, 0], [25, 2, 0])
        let colours = ColourStretch([[red[...], green[...], blue[...]]], noise: 1)
        #expect(colours.colour(100, 50, 25) == [255, 128, 64] && colours.colour(-1, 0, 0) == [0, 0, 0])
        let faint = colours.colour(2, 2, 2)
        #expect(Set(faint).count == 1 && faint[0] > 20 && faint[0] < 100)
    }

    @Test("Residuals are drawn over any background, and patches that were never hidden are hatched")
    func residualColours() {
        #expect(PanelColours.residual(0)[3] == 0 && PanelColours.residual(8)[3] == 255)
        #expect(PanelColours.residual(-9)[3] == 255 && PanelColours.residual(4)[3] == 128)
        #expect(PanelColours.residual(1)[0] > PanelColours.residual(1)[2])
        #expect(PanelColours.residual(-1)[0] < PanelColours.residual(-1)[2])
        let hatching = (0..<8).map { PanelColours.unknown(0, $0) }
        #expect(Set(hatching).count == 2 && hatching.allSatisfy { $0[3] > 0 })
    }

    @Test("The legend of panels has a bar with its values for brightness and for residuals, and samples of the rest")
    func legendOfPanels() {
        let scales = GalaxyPanels.scales
        #expect(scales.map(\.values) == [["0", "brightest"], ["\u{2264} \u{2212}8", "0", "\u{2265} 8"], [], []])
        let html = HTMLPage(title: "t", sections: [PageSection("s", [.scales(scales)])]).html
        #expect(html.components(separatedBy: "<li><img").count == 1 + 4)
        #expect(html.contains("asinh stretch") && html.contains("never hidden"))
    }

    @Test("Panels show hidden patches and residuals") func panelsShowHiddenPatchesAndResiduals() {
        let image = [Float](repeating: 1, count: 5 * 64)
        var other = image
        other[2 * 64] = 0
        let panels = GalaxyPanels(
            side: 8, image: image, reconstruction: other, isHidden: [true, false, false, false],
            isReconstructed: [true, true, true, false], names: BandNames.names(5), noise: [1, 1, 0.01, 1, 1])
        #expect(panels.heads == ["i r g", "u", "g", "r", "i", "z"])
        #expect(panels.rows.map(\.title) == ["original", "masked", "reconstruction", "residual"])
        #expect(panels.rows.allSatisfy { $0.image.width == 6 * 8 + 5 * 2 && $0.image.height == 8 })
        #expect(panels.rows[0].image != panels.rows[1].image && panels.rows[0].image != panels.rows[2].image)
        // NaN has no residual, as a patch that was never hidden; both differ from a residual of 0.
        func residual(_ reconstruction: [Float], isReconstructed: Bool = true) -> PNG {
            GalaxyPanels(
                side: 8, image: image, reconstruction: reconstruction, isHidden: [true, false, false, false],
                isReconstructed: [Bool](repeating: isReconstructed, count: 4), names: BandNames.names(5),
                noise: [1, 1, 1, 1, 1]
            ).rows[3].image
        }
        let unknown = residual([Float](repeating: .nan, count: 5 * 64))
        #expect(unknown == residual(image, isReconstructed: false))
        #expect(unknown != residual(image) && residual(image) != residual(other))
        let two = GalaxyPanels(
            side: 8, image: Array(image.prefix(128)), reconstruction: Array(image.prefix(128)),
            isHidden: [false], isReconstructed: [false], names: BandNames.names(2), noise: [1, 1])
        #expect(two.heads == ["band0", "band1"])
        #expect(two.rows[0].image == two.rows[1].image && two.rows[0].image == two.rows[2].image)
    }
}
