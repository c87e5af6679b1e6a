// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny"), .strictMemorySafety(),
]
/// For `@_lifetime`, which Swift 6.2 needs on a function with a span beside a mutable one.
let lifetimes: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]
/// For targets that call the kernels directly on raw pointers.
let pointers: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]

let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "cai", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "BenchmarkSupport",
            dependencies: [
                .product(name: "Platform", package: "cai"), .product(name: "Inference", package: "cai"),
                .product(name: "AstroMAE", package: "cai"), .product(name: "TensorFiles", package: "cai"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict + lifetimes),
        .executableTarget(
            name: "endtoend",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AstroMAE", package: "cai"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "scaling",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AstroMAE", package: "cai"), .product(name: "Inference", package: "cai"),
                .product(name: "Platform", package: "cai"), .product(name: "TensorFiles", package: "cai"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "autoencoder",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AstroMAE", package: "cai"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "kernels",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Kernels", package: "cai"),
            ],
            swiftSettings: pointers),
        .executableTarget(
            name: "elementary",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Kernels", package: "cai"),
            ],
            swiftSettings: pointers),
        .executableTarget(
            name: "accuracy",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AstroMAE", package: "cai"), .product(name: "Inference", package: "cai"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "instructions",
            dependencies: [
                "BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AstroMAE", package: "cai"),
                .product(name: "TensorFiles", package: "cai"),
            ],
            swiftSettings: strict,
            // Valgrind before 3.22 stops at debug information of this version.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--strip-debug"])]),
    ]
)
