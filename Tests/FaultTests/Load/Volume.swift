import Foundation
import ProgramSupport
import Synchronization
import Testing

/// A small file system of its own: one that can be full, or lose its power. It lies in a file, on a loop device, and needs root.
struct Volume: Sendable {
    /// Whether this machine lets us have one.
    static let isPossible = script(
        """
        folder=$(mktemp -d) || exit 1
        truncate -s 1M "$folder/image" && mkfs.ext4 -q -F "$folder/image" && mkdir "$folder/volume" &&
            mount -o loop "$folder/image" "$folder/volume" && umount "$folder/volume"
        status=$?
        rm -rf "$folder"
        exit $status
        """)
    /// What a test says that does not run without.
    static let need: Comment = "it needs root, loop devices and ext4"

    // From <linux/fs.h>, of which Glibc's module knows nothing: EXT4_IOC_SHUTDOWN, and the way without writing the journal first.
    private static let shutdownRequest: UInt = 0x8004_587D
    private static let shutdownWithoutJournal: UInt32 = 2

    /// Where it is mounted.
    let folder: String
    private let image: String
    private var filler: String { folder + "/filler" }

    /// Makes one, mounts it while the body runs, and takes it away whatever happened.
    static func with(megabytes: Int = 512, _ body: (Volume) async throws -> Void) async throws {
        try await TemporaryFolder.with { temporary in
            let volume = Volume(folder: temporary + "/volume", image: temporary + "/image")
            try FileManager.default.createDirectory(atPath: volume.folder, withIntermediateDirectories: true)
            try #require(
                script("truncate -s \(megabytes)M '\(volume.image)' && mkfs.ext4 -q -F -m 0 '\(volume.image)'"))
            try volume.mount()
            // Whoever still uses it, such as a daemon of a test that failed, must not keep it mounted for ever.
            defer { _ = Self.script("umount '\(volume.folder)' 2>/dev/null || umount -l '\(volume.folder)'") }
            try await body(volume)
        }
    }

    /// While the body runs there is not a single block to be had: what anybody gives back is taken.
    func whileFull<Value>(_ body: () async throws -> Value) async throws -> Value {
        let filler = Glibc.open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(filler >= 0)
        let mustFill = Atomic(true)
        @Sendable func fill() async throws {
            var end = lseek(filler, 0, SEEK_END)
            while mustFill.load(ordering: .relaxed) {
                var step = 64 << 20
                while step >= 4096 {
                    if posix_fallocate(filler, end, off_t(step)) == 0 { end += off_t(step) } else { step /= 4 }
                }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        async let filling: Void = fill()
        defer {
            mustFill.store(false, ordering: .relaxed)
            ftruncate(filler, 0)
            close(filler)
        }
        let value = try await body()
        mustFill.store(false, ordering: .relaxed)
        try await filling
        return value
    }

    /// From this moment on nothing more gets onto the volume, also of what has been written and not flushed: what is on it is what a power cut leaves.
    /// Everything that is tried on it fails. ``restorePower()`` ends that.
    func cutPower() throws {
        let descriptor = Glibc.open(folder, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var way = Self.shutdownWithoutJournal
        try #require(ioctl(descriptor, Self.shutdownRequest, &way) == 0, "the volume does not shut down")
    }

    /// Mounts what is there, when nobody uses it any more.
    func restorePower() throws {
        try #require(Self.script("umount '\(folder)'"), "the volume is in use")
        try mount()
    }

    /// Nothing is flushed but what somebody asks for: not after five seconds, and not because a file takes another's name.
    private func mount() throws {
        try #require(
            Self.script("mount -o loop,commit=300,noauto_da_alloc '\(image)' '\(folder)'"), "nothing can be mounted")
    }

    private static func script(_ script: String) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
