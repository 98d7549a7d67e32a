// swift-tools-version: 6.2

import PackageDescription

/// CI and the Makefile set this; a newcomer with a newer compiler, and its new warnings, still builds.
let strict = Context.environment["WARNINGS_AS_ERRORS"] != nil

let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let libraries: [Target] = [
    .systemLibrary(
        name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPosix", path: "Sources/CPosix"),
    .target(name: "CCRC32"),
    .target(name: "WriteAheadLog", swiftSettings: settings),
    .target(name: "SchemaCheck", dependencies: [grdb], swiftSettings: settings),
    .target(name: "UpgradeProtocol", dependencies: ["CCRC32"], swiftSettings: settings),
    .target(name: "MQTTWire", dependencies: ["CPosix", "COpenSSL", collections], swiftSettings: settings),
    .target(
        name: "MQTTBroker", dependencies: ["MQTTWire", "CPosix", collections, logging], swiftSettings: settings),
    .target(
        name: "MQTTBrokerStorage",
        dependencies: ["MQTTBroker", "MQTTWire", "SchemaCheck", "WriteAheadLog", grdb, collections, logging],
        swiftSettings: settings),
    .target(
        name: "UpgradeGateway", dependencies: ["UpgradeProtocol", "MQTTWire", logging], swiftSettings: settings),
    .target(
        name: "UpgradeCore",
        dependencies: [
            "UpgradeProtocol", "SchemaCheck", "WriteAheadLog", "COpenSSL", "CPosix", grdb, collections, heap, logging,
        ],
        swiftSettings: settings),
    .target(
        name: "UpgradeAPI",
        dependencies: [
            "UpgradeProtocol",
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ],
        swiftSettings: settings),
    .target(
        name: "UpgradeServer",
        dependencies: [
            "UpgradeCore", "UpgradeProtocol", "UpgradeAPI", "MQTTBroker", "MQTTBrokerStorage", "MQTTWire", logging,
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "Mustache", package: "swift-mustache"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            .product(name: "Configuration", package: "swift-configuration"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOTLS", package: "swift-nio"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
        ],
        resources: [
            .embedInCode("Resources/cancellation.mustache"),
            .embedInCode("Resources/companies.mustache"),
            .embedInCode("Resources/company.mustache"),
            .embedInCode("Resources/confirm.mustache"),
            .embedInCode("Resources/dashboard.mustache"),
            .embedInCode("Resources/events.mustache"),
            .embedInCode("Resources/favicon.svg"),
            .embedInCode("Resources/gateway-removal.mustache"),
            .embedInCode("Resources/gateway.mustache"),
            .embedInCode("Resources/login.mustache"),
            .embedInCode("Resources/page.mustache"),
            .embedInCode("Resources/profile.mustache"),
            .embedInCode("Resources/release-removal.mustache"),
            .embedInCode("Resources/releases.mustache"),
            .embedInCode("Resources/script.js"),
            .embedInCode("Resources/style.css"),
            .embedInCode("Resources/token-revocation.mustache"),
            .embedInCode("Resources/upgrade.mustache"),
            .embedInCode("Resources/user-removal.mustache"),
            .embedInCode("Resources/user.mustache"),
            .embedInCode("Resources/users.mustache"),
            .embedInCode("Resources/version-choice.mustache"),
        ],
        swiftSettings: settings),
    .target(
        name: "UpgradeCLI",
        dependencies: [
            "UpgradeAPI", "UpgradeCore", "UpgradeProtocol", "MQTTBrokerStorage", "CPosix", argumentParser,
        ],
        swiftSettings: settings),
    .target(
        name: "GatewaySimulation",
        dependencies: ["UpgradeGateway", "UpgradeProtocol", "MQTTWire", argumentParser],
        swiftSettings: settings),
]

let programs: [Target] = [
    .executableTarget(
        name: "umd", dependencies: ["UpgradeServer", "UpgradeCore", "UpgradeProtocol", argumentParser, logging],
        swiftSettings: settings),
    .executableTarget(name: "umctl", dependencies: ["UpgradeCLI"], swiftSettings: settings),
    .executableTarget(
        name: "gateway-sim", dependencies: ["GatewaySimulation", argumentParser], swiftSettings: settings),
    .executableTarget(
        name: "embedded-broker",
        dependencies: ["MQTTBroker", "MQTTBrokerStorage", "MQTTWire", argumentParser, logging],
        path: "Examples/EmbeddedBroker", swiftSettings: settings),
    .executableTarget(
        name: "frames-only", dependencies: ["UpgradeProtocol"], path: "Examples/FramesOnly",
        swiftSettings: settings),
    .executableTarget(
        name: "minimal-gateway", dependencies: ["UpgradeGateway", "UpgradeProtocol", "MQTTWire"],
        path: "Examples/MinimalGateway", swiftSettings: settings),
]

let tests: [Target] = [
    .target(name: "ProgramSupport", path: "Tests/ProgramSupport", swiftSettings: settings),
    .target(name: "RandomSupport", path: "Tests/RandomSupport", swiftSettings: settings),
    .testTarget(
        name: "UpgradeProtocolTests", dependencies: ["UpgradeProtocol", "CCRC32", "RandomSupport"],
        swiftSettings: settings),
    .testTarget(
        name: "MQTTWireTests", dependencies: ["MQTTWire", "CPosix", "RandomSupport"], swiftSettings: settings),
    .testTarget(
        name: "MQTTBrokerTests", dependencies: ["MQTTBroker", "RandomSupport", "MQTTWire", "CPosix", logging],
        swiftSettings: settings),
    .testTarget(
        name: "MQTTBrokerModelTests",
        dependencies: ["MQTTBroker", "MQTTBrokerStorage", "MQTTWire", "CPosix", "RandomSupport", logging],
        swiftSettings: settings),
    .testTarget(
        name: "MQTTBrokerStorageTests",
        dependencies: [
            "MQTTBrokerStorage", "MQTTBroker", "MQTTWire", "CPosix", "ProgramSupport", "RandomSupport", grdb, logging,
            .target(name: "embedded-broker"),
        ],
        swiftSettings: settings),
    .testTarget(
        name: "UpgradeGatewayTests",
        dependencies: ["UpgradeGateway", "UpgradeProtocol", "GatewaySimulation", "MQTTBroker", "MQTTWire", logging],
        swiftSettings: settings),
    .testTarget(
        name: "UpgradeCoreTests",
        dependencies: ["UpgradeCore", "UpgradeProtocol", "WriteAheadLog", "RandomSupport", grdb, logging],
        swiftSettings: settings),
    .testTarget(
        name: "UpgradeServerTests",
        dependencies: [
            "UpgradeServer", "UpgradeCore", "UpgradeProtocol", "MQTTWire", logging,
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ],
        swiftSettings: settings),
    .testTarget(
        name: "UpgradeCLITests",
        dependencies: ["UpgradeCLI", "UpgradeAPI", "UpgradeCore", "UpgradeProtocol", logging],
        swiftSettings: settings),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "ProgramSupport",
            .target(name: "umd"), .target(name: "umctl"), .target(name: "gateway-sim"),
            .target(name: "embedded-broker"), .target(name: "frames-only"), .target(name: "minimal-gateway"),
        ],
        swiftSettings: settings),
    .testTarget(
        name: "FaultTests",
        dependencies: [
            "ProgramSupport", "RandomSupport", "MQTTWire", .target(name: "umd"), .target(name: "umctl"),
            .target(name: "gateway-sim"), .target(name: "embedded-broker"),
        ],
        resources: [.copy("Schemas")], swiftSettings: settings),
    .testTarget(
        name: "BrowserTests",
        dependencies: [
            "ProgramSupport", .target(name: "umd"), .target(name: "umctl"), .target(name: "gateway-sim"),
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ],
        swiftSettings: settings),
]

let products: [Product] = [
    .library(name: "UpgradeProtocol", targets: ["UpgradeProtocol"]),
    .library(name: "MQTTWire", targets: ["MQTTWire"]),
    .library(name: "MQTTBroker", targets: ["MQTTBroker"]),
    .library(name: "MQTTBrokerStorage", targets: ["MQTTBrokerStorage"]),
    .library(name: "UpgradeGateway", targets: ["UpgradeGateway"]),
    .library(name: "UpgradeCore", targets: ["UpgradeCore"]),
    .library(name: "UpgradeServer", targets: ["UpgradeServer"]),
    .library(name: "UpgradeAPI", targets: ["UpgradeAPI"]),
    .executable(name: "umd", targets: ["umd"]),
    .executable(name: "umctl", targets: ["umctl"]),
    .executable(name: "gateway-sim", targets: ["gateway-sim"]),
    .executable(name: "embedded-broker", targets: ["embedded-broker"]),
]

/// The sanitizers rebuild everything: `make test-asan` and `make test-tsan` set this, which leaves out what they do not run.
let onlyBroker = Context.environment["ONLY_BROKER"] != nil
let partOfBroker: Set = [
    "COpenSSL", "CPosix", "SchemaCheck", "WriteAheadLog", "MQTTWire", "MQTTBroker", "MQTTBrokerStorage",
    "embedded-broker",
    "MQTTWireTests",
    "MQTTBrokerTests", "MQTTBrokerModelTests", "RandomSupport",
]
let targets = (libraries + programs + tests).filter { !onlyBroker || partOfBroker.contains($0.name) }

let package = Package(
    name: "upgrade-manager",
    products: onlyBroker ? [] : products,
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-collections", .upToNextMinor(from: "1.6.0")),
        .package(url: "https://github.com/apple/swift-configuration", .upToNextMinor(from: "1.4.0")),
        .package(url: "https://github.com/apple/swift-http-types", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.6")),
        .package(url: "https://github.com/groue/GRDB.swift", .upToNextMinor(from: "7.10.0")),
        .package(url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.1")),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", .upToNextMinor(from: "2.1.1")),
        .package(url: "https://github.com/swift-server/async-http-client", .upToNextMinor(from: "1.37.0")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
    ],
    targets: targets,
    swiftLanguageModes: [.v6]
)
