import Foundation
import ProgramSupport
import Testing

extension Faults {
    /// `umctl doctor` on a machine that gives too little.
    @Suite("What umctl doctor says of the machine", .timeLimit(.minutes(5)))
    struct MachineDoctorTests {
        private static let mayMount = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")

        @Test("few descriptors")
        func descriptors() async throws {
            try await TemporaryFolder.with { folder in
                let outcome = try await shell(
                    #""$1/umctl" --data "$0" init && ulimit -n 100 && "$1/umctl" --data "$0" doctor"#, folder + "/data")
                #expect(outcome.status == 0, "\(outcome)")
                #expect(
                    outcome.output.contains("warning  descriptors: a daemon started from here may have 100 files open"))
            }
        }

        @Test(
            "a file system that is mounted read-only: the daemon refuses it too",
            .enabled(if: mayMount, "nothing can be mounted"))
        func readOnly() async throws {
            try await TemporaryFolder.with { folder in
                let outcome = try await shell(
                    #"""
                    "$1/umctl" --data "$0" init && mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" || exit 99
                    "$1/umd" --data "$0" --nossl --http-port 0 --mqtt-port 0; echo "umd $?"; "$1/umctl" --data "$0" doctor
                    """#, folder + "/data")
                #expect(outcome.status == 1, "\(outcome)")
                #expect(
                    outcome.output.contains("umd 78\n") && outcome.errors.contains("umd: cannot use \(folder)/data"))
                #expect(
                    outcome.output.contains(
                        "BROKEN   data folder: \(folder)/data lies on a file system that is mounted read-only"))
            }
        }

        @Test("a disk that is full", .enabled(if: mayMount, "nothing can be mounted"))
        func fullDisk() async throws {
            try await TemporaryFolder.with { folder in
                try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: false)
                let outcome = try await shell(
                    #"""
                    mount -t tmpfs -o size=8m,mode=700 tmpfs "$0" && "$1/umctl" --data "$0" init || exit 99
                    "$1/umctl" --data "$0" doctor
                    """#, folder + "/data")
                #expect(outcome.status == 1, "\(outcome)")
                #expect(outcome.output.contains("nothing can be stored, and so nothing is acknowledged: make room"))
            }
        }

        /// Runs a script in mounts of its own, with the data folder and that of the programs as its arguments.
        private func shell(_ script: String, _ data: String) async throws -> Program.Outcome {
            let arguments = ["/bin/sh", "-c", script, data, Program.buildFolder]
            return Self.mayMount
                ? try await Program.run("/usr/bin/unshare", ["-m"] + arguments)
                : try await Program.run(arguments[0], Array(arguments.dropFirst()))
        }
    }
}
