// swift-tools-version: 6.2

import PackageDescription

// A package of its own: libFuzzer brings `main`, and the flag that makes room for it is one that no package with users may have.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let programSettings = settings + [.unsafeFlags(["-parse-as-library"])]

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "upgrade-manager", path: ".."),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
    ],
    targets: [
        .target(name: "FuzzSupport", swiftSettings: settings),
        .executableTarget(
            name: "fuzz-packets",
            dependencies: ["FuzzSupport", .product(name: "MQTTWire", package: "upgrade-manager")],
            swiftSettings: programSettings),
        .executableTarget(
            name: "fuzz-topics", dependencies: ["FuzzSupport", .product(name: "MQTTWire", package: "upgrade-manager")],
            swiftSettings: programSettings),
        .executableTarget(
            name: "fuzz-websocket",
            dependencies: ["FuzzSupport", .product(name: "MQTTWire", package: "upgrade-manager")],
            swiftSettings: programSettings),
        .executableTarget(
            name: "fuzz-broker",
            dependencies: [
                "FuzzSupport",
                .product(name: "MQTTBroker", package: "upgrade-manager"),
                .product(name: "MQTTWire", package: "upgrade-manager"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: programSettings),
        .executableTarget(
            name: "fuzz-protocol",
            dependencies: ["FuzzSupport", .product(name: "UpgradeProtocol", package: "upgrade-manager")],
            swiftSettings: programSettings),
    ],
    swiftLanguageModes: [.v6]
)
