import CPosix
import FoundationEssentials
import Glibc

extension TLSFiles {
    private static let certificateMode: mode_t = 0o644
    private static let keyMode: mode_t = 0o600

    func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Puts certificate and key in their place, one directly after the other, and keeps what was there.
    func put(
        _ product: CertificateMaker.Product, followedBy others: [CertificateSummary] = [], at files: CertificatePair,
        authority: CertificateSummary?
    ) throws(CertificateError) -> Made {
        try CertificateError.wrapping(folder) {
            var pem: [UInt8] = []
            for der in [product.certificate] + others.map(\.der) { pem += try CertificateObject(der: der).pem() }
            let key = try DurableFiles.writeDraft(of: files.key, Data(product.key), mode: Self.keyMode)
            let certificate = try DurableFiles.writeDraft(of: files.certificate, Data(pem), mode: Self.certificateMode)
            let kept = try [(files.certificate, Self.certificateMode), (files.key, Self.keyMode)].compactMap(keep)
            try DurableFiles.move([(key, files.key), (certificate, files.certificate)])
            return Made(
                certificate: try CertificateSummary(der: product.certificate), authority: authority, files: files,
                kept: kept)
        }
    }

    /// Runs `body` while no other process changes the folder, which is made where it is missing; a change that was cut off is settled first.
    func whileLocked<Value>(_ body: () throws(CertificateError) -> Value) throws(CertificateError) -> Value {
        let descriptor = try CertificateError.wrapping(folder) {
            try DataFolder.makeFolder(folder)
            guard chmod(folder, 0o700) == 0 else { throw FileError("use", folder) }
            let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileError("use", folder) }
            return descriptor
        }
        // Closing gives the lock back.
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .file(path: folder, problem: systemProblem()) }
        }
        for files in [authority, server] { try settle(files) }
        return try body()
    }

    /// Copies a file that is about to be replaced to one beside it.
    private func keep(_ path: String, mode: mode_t) throws -> String? {
        guard exists(path) else { return nil }
        let old = path + ".old"
        try DurableFiles.replace(old, with: Data(CertificateFile.bytes(of: path)), mode: mode)
        return old
    }

    /// Finishes a change of files that was cut off between key and certificate; one that was cut off before is forgotten.
    private func settle(_ files: CertificatePair) throws(CertificateError) {
        let (certificate, key) = (DurableFiles.draft(of: files.certificate), DurableFiles.draft(of: files.key))
        guard exists(certificate) || exists(key) else { return }
        if let draft = try? CertificateFile.read(certificate), (try? draft.checkKey(at: files.key)) != nil {
            try CertificateError.wrapping(folder) { try DurableFiles.move(certificate, to: files.certificate) }
        }
        unlink(certificate)
        unlink(key)
    }
}
