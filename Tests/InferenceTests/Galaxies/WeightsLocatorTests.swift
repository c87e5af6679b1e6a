import Foundation
import Inference
import Platform
import TestSupport
import Testing

/// Creates a file named as the demo weights in `location` of a temporary folder, and searches from `bin` and `current`.
private func found(at location: String?, bin: String, current: String) throws -> (folder: String, path: String) {
    try Fixture.withTemporaryFolder { folder in
        for name in [bin, current, location ?? bin] {
            try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        if let location {
            try Data().write(to: URL(fileURLWithPath: "\(folder)/\(location)/\(WeightsLocator.demoWeights)"))
        }
        let locator = WeightsLocator(
            environment: [:], binaryFolder: folder + "/" + bin, currentFolder: folder + "/" + current)
        return (folder, try locator.weights(named: nil))
    }
}

@Test(
    "Weights are found beside the binary, in an installation and in a checkout",
    arguments: [
        ("bin/weights", "bin", "elsewhere"), ("share/cai/weights", "bin", "elsewhere"),
        ("weights", "a/.build/debug", "elsewhere"), ("checkout/weights", "bin", "checkout/Tests/x"),
    ])
func weightsAreFound(location: String, bin: String, current: String) throws {
    let (folder, path) = try found(at: location, bin: bin, current: current)
    #expect(path == "\(folder)/\(location)/\(WeightsLocator.demoWeights)")
}

@Test("The error for missing weights has their name and a remedy")
func weightsAreNotFound() throws {
    let error = try #require(throws: Failure.self) { try found(at: nil, bin: "bin", current: "current") }
    #expect(error.description.contains(WeightsLocator.demoWeights))
    #expect(error.description.contains("--weights"))
}

@Test("The option takes precedence over the environment, the environment over the demo weights")
func orderOfPreference() throws {
    let locator = WeightsLocator(environment: ["CAI_WEIGHTS": "/e"], binaryFolder: "/", currentFolder: "/")
    #expect(try locator.weights(named: "/o") == "/o")
    #expect(try locator.weights(named: nil) == "/e")
    #expect(try locator.located(nil).origin == "$CAI_WEIGHTS" && locator.located("/o").origin == nil)
    // Each network has its own variable.
    #expect(throws: Failure.self) { try locator.locatedAutoencoder(nil) }
    let other = WeightsLocator(environment: ["CAI_MAE_WEIGHTS": "/m"], binaryFolder: "/none", currentFolder: "/none")
    #expect(try other.locatedAutoencoder(nil).path == "/m")
    #expect(throws: Failure.self) { try other.located(nil) }
    let empty = WeightsLocator(environment: ["CAI_WEIGHTS": ""], binaryFolder: "/none", currentFolder: "/none")
    #expect(throws: Failure.self) { try empty.weights(named: nil) }
}

@Test("The demo galaxies are found in the checkout")
func galaxiesAreFound() throws {
    let locator = WeightsLocator(
        environment: [:], binaryFolder: Fixture.root + "/.build/debug", currentFolder: "/none")
    #expect(try locator.galaxies() == Fixture.weights(WeightsLocator.demoGalaxies))
}
