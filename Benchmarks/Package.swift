// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny"), .strictMemorySafety(),
]

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
                .product(name: "Inference", package: "cai"),
                .product(name: "AstroMAE", package: "cai"),
                .product(name: "TensorFiles", package: "cai"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "endtoend",
            dependencies: ["BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
        .executableTarget(
            name: "accuracy",
            dependencies: ["BenchmarkSupport", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
    ]
)
