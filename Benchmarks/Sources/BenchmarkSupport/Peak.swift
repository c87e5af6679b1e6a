/// The attainable peak with that number of threads: floating-point operations a second of each.
public struct Peak: Codable, Sendable {
    public let threads: Int
    public let flopsPerSecond: Double

    public init(threads: Int, flopsPerSecond: Double) {
        (self.threads, self.flopsPerSecond) = (threads, flopsPerSecond)
    }
}
