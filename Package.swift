// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny"),
    // So that `make test` links the tests with the objects of the program.
    .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]
/// For `@_lifetime`, which Swift 6.2 needs on a property that is a span, and on a function with a span beside a mutable one.
let lifetimes: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]
/// For targets in which every unsafe construct has to be marked `unsafe` (docs/ARCHITECTURE.md names the files).
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

/// Loops over every weight, pixel or byte are fifty times slower unoptimised: these targets are optimised in debug builds
/// too.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// For the tests, to shorten their compilation: not optimised, and one compiler process for each module.
let tests: [SwiftSetting] =
    strict + [.unsafeFlags(["-Onone", "-no-emit-module-separately-wmo"], .when(configuration: .release))]

/// For products into which Swift's libraries are linked. `--static-swift-stdlib` would apply to all targets, also to the
/// tests, which need a shared library: Swift Testing.
let compiledStatically: [SwiftSetting] = [
    .unsafeFlags(["-static-stdlib"], .when(platforms: [.linux], configuration: .release))
]
let linkedStatically: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib"], .when(platforms: [.linux], configuration: .release))
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "cai",
    products: [
        .executable(name: "cai", targets: ["cai"]),
        .library(name: "Platform", targets: ["Platform"]),
        .library(name: "TensorFiles", targets: ["TensorFiles"]),
        .library(name: "AstroMAE", targets: ["AstroMAE"]),
        .library(name: "Inference", targets: ["Inference"]),
        .library(name: "Costs", targets: ["Costs"]),
        .library(name: "Report", targets: ["Report"]),
        .library(name: "Runs", targets: ["Runs", "Cloud"]),
        .library(name: "Experiment", targets: ["Experiment"]),
        // The shared library of Python/: a product of this package, so that it shares the objects of the command line.
        .library(name: "astrocai", type: .dynamic, targets: ["AstroCAI"]),
        // For Fuzzing/, whose seeds come from the tests.
        .library(name: "TestSupport", targets: ["TestSupport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        // C libraries
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // Calls of Linux and glibc that Swift does not import
        .systemLibrary(name: "CLinux"),

        // The SIGBUS handler for mapped files, which cannot be written in Swift
        .target(name: "CMapping", cSettings: [.treatAllWarnings(as: .error)]),

        // SHA-256 and SHA-1
        .target(
            name: "CDigests",
            cSettings: [.treatAllWarnings(as: .error), .unsafeFlags(["-O2"], .when(configuration: .debug))]),

        // A function in place of a newer one of glibc
        .target(name: "CGlibc", cSettings: [.treatAllWarnings(as: .error)]),

        // The arguments that the loader passes to the process
        .target(name: "CArguments", cSettings: [.treatAllWarnings(as: .error)]),

        // Hot loops over floats. Debug builds keep -O3: unoptimised kernels are fifty times slower.
        .target(
            name: "CKernels", path: "kernels",
            cSettings: [.treatAllWarnings(as: .error), .unsafeFlags(["-O3"], .when(configuration: .debug))]),
        .target(
            name: "PortableKernels", dependencies: ["CKernels"],
            swiftSettings: strict + optimised),

        // Dependencies point in one direction: cai -> Commands -> {Experiment, Report} -> Runs;
        // Runs -> {Inference, Cloud, Costs};
        // Report -> Anomalies -> Inference;
        // Inference -> AstroMAE -> {TensorFiles, kernels}; all -> Platform
        .target(
            name: "Platform", dependencies: ["CZlib", "CDigests", "CGlibc", "CMapping", "CArguments", "CLinux"],
            swiftSettings: memorySafe + lifetimes + optimised),
        .target(name: "TensorFiles", dependencies: ["Platform"], swiftSettings: memorySafe + optimised),
        .target(
            name: "AstroMAE", dependencies: ["Platform", "TensorFiles", "CKernels", "PortableKernels", "COpenBLAS"],
            swiftSettings: strict + lifetimes + optimised),
        .target(
            name: "Inference", dependencies: ["Platform", "AstroMAE", "TensorFiles", "CLinux"],
            swiftSettings: memorySafe),
        .target(name: "Cloud", dependencies: ["Platform", "CCurl", "CLinux"], swiftSettings: memorySafe),
        .target(
            name: "Runs",
            dependencies: ["Platform", "Cloud", "Inference", "AstroMAE", "TensorFiles", "Costs"],
            swiftSettings: memorySafe),
        .target(
            name: "Costs", dependencies: ["Platform"], resources: [.embedInCode("prices.json")],
            swiftSettings: memorySafe + optimised),
        // Resources are compiled in, so that the program is one file.
        .target(name: "Anomalies", dependencies: ["Platform", "Inference"], swiftSettings: memorySafe + optimised),
        .target(
            name: "Report", dependencies: ["Platform", "Inference", "Anomalies", "Costs", "Runs", "CZlib"],
            resources: [.embedInCode("Page/page.css")],
            swiftSettings: memorySafe + optimised),
        .target(
            name: "Experiment", dependencies: ["Platform", "Runs", "Costs", "Cloud", "Inference", "TensorFiles"],
            swiftSettings: memorySafe),
        .target(
            name: "Commands",
            dependencies: [
                "Platform", "Experiment", "Report", "Runs", "Costs", "Cloud", "Anomalies", "Inference", "AstroMAE",
                "TensorFiles", "CLinux", argumentParser,
            ],
            swiftSettings: memorySafe),
        // The main function alone, so that the tests can link the commands
        .executableTarget(
            name: "cai", dependencies: ["Commands"], swiftSettings: memorySafe + compiledStatically,
            linkerSettings: linkedStatically),

        // The functions of Python/include/astrocai.h
        .systemLibrary(name: "CAstroCAI", path: "Python/include"),
        .target(
            name: "AstroCAI", dependencies: ["Platform", "TensorFiles", "Inference", "Anomalies", "CAstroCAI"],
            path: "Python/Sources",
            swiftSettings: memorySafe + compiledStatically,
            linkerSettings: linkedStatically + [
                .unsafeFlags(
                    [
                        "-Xlinker", "-Bsymbolic", "-Xlinker", "-s", "-Xlinker",
                        "--version-script=\(Context.packageDirectory)/Python/exports.map",
                    ], .when(platforms: [.linux], configuration: .release))
            ]),

        // The library in twenty lines: make example
        .executableTarget(
            name: "predict", dependencies: ["Inference", "Runs"], path: "Examples",
            swiftSettings: strict + compiledStatically, linkerSettings: linkedStatically),

        // Benchmarks/README.md describes them
        .target(
            name: "BenchmarkSupport",
            dependencies: ["Platform", "Inference", "AstroMAE", "TensorFiles", argumentParser],
            path: "Benchmarks/Sources/BenchmarkSupport", swiftSettings: memorySafe + lifetimes),
        .executableTarget(
            name: "endtoend", dependencies: ["BenchmarkSupport", "AstroMAE", argumentParser],
            path: "Benchmarks/Sources/endtoend", swiftSettings: memorySafe),
        .executableTarget(
            name: "scaling",
            dependencies: ["BenchmarkSupport", "AstroMAE", "Inference", "Platform", "TensorFiles", argumentParser],
            path: "Benchmarks/Sources/scaling", swiftSettings: memorySafe),
        .executableTarget(
            name: "autoencoder", dependencies: ["BenchmarkSupport", "AstroMAE", argumentParser],
            path: "Benchmarks/Sources/autoencoder", swiftSettings: memorySafe),
        .executableTarget(
            name: "kernels", dependencies: ["BenchmarkSupport", "CKernels", "PortableKernels", argumentParser],
            path: "Benchmarks/Sources/kernels", swiftSettings: strict),
        .executableTarget(
            name: "elementary", dependencies: ["BenchmarkSupport", "CKernels", "PortableKernels", argumentParser],
            path: "Benchmarks/Sources/elementary", swiftSettings: strict),
        .executableTarget(
            name: "accuracy", dependencies: ["BenchmarkSupport", "AstroMAE", "Inference", argumentParser],
            path: "Benchmarks/Sources/accuracy", swiftSettings: memorySafe),
        .executableTarget(
            name: "instructions", dependencies: ["BenchmarkSupport", "AstroMAE", "TensorFiles", argumentParser],
            path: "Benchmarks/Sources/instructions", swiftSettings: memorySafe),

        // Tests: one folder for each target; TestSupport locates the fixtures
        .target(
            name: "TestSupport", dependencies: ["Platform", "TensorFiles"], path: "Tests/TestSupport",
            swiftSettings: strict + optimised),
        .testTarget(
            name: "TensorFilesTests", dependencies: ["Platform", "TensorFiles", "CDigests", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "KernelTests", dependencies: ["Platform", "CKernels", "PortableKernels", "AstroMAE", "TestSupport"],
            swiftSettings: tests),
        .target(
            name: "AllocationCounter", path: "Tests/AllocationCounter", cSettings: [.treatAllWarnings(as: .error)]),
        .testTarget(
            name: "AstroMAETests",
            dependencies: ["Platform", "AstroMAE", "TensorFiles", "TestSupport", "AllocationCounter"],
            swiftSettings: tests),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Platform", "Inference", "AstroMAE", "TensorFiles", "Anomalies", "Report", "TestSupport"],
            swiftSettings: tests),
        .testTarget(name: "CloudTests", dependencies: ["Platform", "Cloud", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "RunsTests",
            dependencies: [
                "Platform", "Runs", "Costs", "Cloud", "Inference", "AstroMAE", "TensorFiles", "TestSupport",
            ],
            swiftSettings: tests),
        .testTarget(
            name: "ExperimentTests",
            dependencies: [
                "Platform", "Experiment", "Runs", "Costs", "Cloud", "Inference", "TensorFiles", "TestSupport",
            ],
            swiftSettings: tests),
        .testTarget(
            name: "ReportTests",
            dependencies: ["Platform", "Inference", "Anomalies", "Costs", "Runs", "Report", "CZlib", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Platform", "Commands", "Cloud", "Experiment", "Runs", "Inference", "TensorFiles", "TestSupport",
            ],
            swiftSettings: tests),
    ]
)
