import Foundation

/// Reproducible random numbers: SplitMix64 (Steele, Lea and Flood 2014).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// Of standard deviation 1 (Box and Muller 1958).
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &self))).squareRoot()
        return radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &self))
    }
}

/// Kinds of damage to a cutout [5, 32, 32].
enum PlantedDamage: String, CaseIterable {
    /// A satellite trail: a straight line across all bands, at a random angle within 10 pixels of the centre, Gaussian
    /// with a width of 0.8 to 1.3 pixels and a peak of 8 to 20 times each band's noise.
    case streak = "bright streak"
    /// Two bands are exchanged.
    case band = "swapped band"
    /// A quarter of the detector reads zero in all bands.
    case quadrant = "dead quadrant"
    /// No galaxy: white noise with the cutout's standard deviation.
    case noise = "noise only"

    /// - Parameter noise: standard deviation of each band's pixel noise.
    func damage(_ image: [Float], noise: [Float], using numbers: inout SeededNumbers) -> [Float] {
        let (side, bands) = (32, 5)
        var image = image
        switch self {
        case .streak:
            let angle = Double.random(in: 0..<Double.pi, using: &numbers)
            let offset = Double.random(in: -10..<10, using: &numbers)
            let peak = Double.random(in: 8..<20, using: &numbers)
            let width = Double.random(in: 0.8..<1.3, using: &numbers)
            for index in image.indices {
                let (row, column) = (Double(index / side % side) - 15.5, Double(index % side) - 15.5)
                let distance = (column * sin(angle) - row * cos(angle) - offset) / width
                image[index] += Float(peak * exp(-distance * distance / 2)) * noise[index / (side * side)]
            }
        case .band:
            let pair = Array((0..<bands).shuffled(using: &numbers).prefix(2))
            for index in 0..<side * side {
                image.swapAt(pair[0] * side * side + index, pair[1] * side * side + index)
            }
        case .quadrant:
            let (top, left) = (Bool.random(using: &numbers), Bool.random(using: &numbers))
            for index in image.indices {
                let isDead = (index / side % side < side / 2) == top && (index % side < side / 2) == left
                if isDead { image[index] = 0 }
            }
        case .noise:
            for index in image.indices { image[index] = Float(numbers.normal()) * noise[index / (side * side)] }
        }
        return image
    }
}
