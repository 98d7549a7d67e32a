// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that whoever uses the libraries does not resolve the harness of benchmarks with them.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "micro-benchmarks",
    dependencies: [
        .package(name: "upgrade-manager", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        // Without its traits, which stand for interposers that count allocations: Benchmarks/codec.py counts them.
        .package(url: "https://github.com/ordo-one/benchmark", .upToNextMinor(from: "1.38.1"), traits: []),
    ],
    targets: [
        .target(
            name: "Operations",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "MQTTBroker", package: "upgrade-manager"),
                .product(name: "MQTTWire", package: "upgrade-manager"),
                .product(name: "UpgradeProtocol", package: "upgrade-manager"),
            ],
            swiftSettings: settings),
        .executableTarget(name: "codec-operations", dependencies: ["Operations"], swiftSettings: settings),
        .executableTarget(
            name: "Codecs", dependencies: ["Operations", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/Codecs", swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6]
)
