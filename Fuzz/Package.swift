// swift-tools-version: 6.2

import PackageDescription

// A package of its own: libFuzzer brings `main`, and the flag that makes room for it is one that no package with users may have.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags(["-parse-as-library"]),
]

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "upgrade-manager", path: ".."),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
    ],
    targets: [
        .executableTarget(
            name: "fuzz-packets", dependencies: [.product(name: "MQTTWire", package: "upgrade-manager")],
            swiftSettings: settings),
        .executableTarget(
            name: "fuzz-topics", dependencies: [.product(name: "MQTTWire", package: "upgrade-manager")],
            swiftSettings: settings),
        .executableTarget(
            name: "fuzz-websocket", dependencies: [.product(name: "MQTTWire", package: "upgrade-manager")],
            swiftSettings: settings),
        .executableTarget(
            name: "fuzz-broker",
            dependencies: [
                .product(name: "MQTTBroker", package: "upgrade-manager"),
                .product(name: "MQTTWire", package: "upgrade-manager"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "fuzz-protocol", dependencies: [.product(name: "UpgradeProtocol", package: "upgrade-manager")],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
