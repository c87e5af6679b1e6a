// swift-tools-version: 6.2
import PackageDescription

// Built by Fuzzing/build.sh: every target in it and its dependencies is compiled for libFuzzer and the address
// sanitizer.
let package = Package(
    name: "Fuzzing",
    dependencies: [.package(name: "cai", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [
                .product(name: "Platform", package: "cai"),
                .product(name: "TensorFiles", package: "cai"),
                .product(name: "AstroMAE", package: "cai"),
                .product(name: "Inference", package: "cai"),
                .product(name: "Report", package: "cai"),
                .product(name: "Runs", package: "cai"),
                .product(name: "Experiment", package: "cai"),
                .product(name: "TestSupport", package: "cai"),
            ],
            swiftSettings: [
                .treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny"),
                // libFuzzer contains the main function.
                .unsafeFlags(["-parse-as-library"]),
            ])
    ]
)
