import Inference
import Platform

/// The rows of a worker's predictions, checked to be what `PredictionWriter` writes, for quality over a whole run.
struct PredictionRows: Sendable {
    static let header = Array((PredictionEncoder.columns + "\n").utf8)

    /// Records after the header.
    private(set) var count = 0
    /// z_phot and z_spec of the galaxies whose z_spec is known.
    private(set) var predicted: [Double] = []
    private(set) var spectroscopic: [Double] = []

    /// - Throws: `Failure` naming the line that is none.
    init(_ bytes: [UInt8], name: String) throws(Failure) {
        guard bytes.starts(with: Self.header) else {
            throw Failure("\(name): expected the header \(PredictionEncoder.columns), found another")
        }
        // Labels may hold anything in quotes, line breaks included; the last three fields are plain.
        var isQuoted = false
        var commas: [Int] = []
        for index in bytes.indices.dropFirst(Self.header.count) {
            switch bytes[index] {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted: commas.append(index)
            case UInt8(ascii: "\n") where !isQuoted:
                count += 1
                guard commas.count == 5, let zPhot = Float(Self.text(bytes[commas[2] + 1..<commas[3]])),
                    UInt8(Self.text(bytes[commas[4] + 1..<index])) != nil
                else {
                    throw Failure("\(name): row \(count): expected six fields with a z_phot and flags")
                }
                let known = bytes[commas[3] + 1..<commas[4]]
                if !known.isEmpty {
                    guard let zSpec = Double(Self.text(known)) else {
                        throw Failure("\(name): row \(count): expected a number for z_spec")
                    }
                    predicted.append(Double(zPhot))
                    spectroscopic.append(zSpec)
                }
                commas.removeAll(keepingCapacity: true)
            default: break
            }
        }
        guard bytes.last == UInt8(ascii: "\n"), !isQuoted, commas.isEmpty else {
            throw Failure("\(name): row \(count + 1): expected an end, found none")
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
