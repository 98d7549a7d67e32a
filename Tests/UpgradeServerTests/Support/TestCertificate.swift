import FoundationEssentials

/// A self-signed certificate for localhost and 127.0.0.1, good for a hundred years, and its key, which protects nothing.
struct TestCertificate: Sendable {
    let certificate: String
    let key: String

    func write(to folder: String) throws {
        try Data(certificate.utf8).write(to: URL(filePath: folder + "/server.crt"))
        try Data(key.utf8).write(to: URL(filePath: folder + "/server.key"))
    }

    static let first = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBkjCCATmgAwIBAgIUfU9QrLlV8ZxMbSX/XT/xdvqvMqgwCgYIKoZIzj0EAwIw
            EDEOMAwGA1UEAwwFZmlyc3QwIBcNMjYxMTI1MDIwMjI2WhgPMjEyNjExMDEwMjAy
            MjZaMBAxDjAMBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
            a+O8seDbBcJ9eVNRUhygf6DCv+sjvEZiANLXyiGK5x4VoDMsiEHgTO4dT3OAOQaW
            JLEhvhRUHWuCjPiRX1UUYKNvMG0wHQYDVR0OBBYEFLcBxlZS7TUnamVWsX9VYWLe
            GRRNMB8GA1UdIwQYMBaAFLcBxlZS7TUnamVWsX9VYWLeGRRNMA8GA1UdEwEB/wQF
            MAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0cA
            MEQCIHRE6yoTUjbrfF3oUFbREWo+ti0FSl6P5KhmsgvCucalAiBs/aJU2yZIyHRJ
            Iv1tr/TQNwngoSGvcmu8DxKxN+L4Ug==
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkGV7bjWguw5fN2AC
            IsHNEsKcQ9hT5+T/bmgKtZtDQe6hRANCAARr47yx4NsFwn15U1FSHKB/oMK/6yO8
            RmIA0tfKIYrnHhWgMyyIQeBM7h1Pc4A5BpYksSG+FFQda4KM+JFfVRRg
            -----END PRIVATE KEY-----
            """)

    static let second = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBlDCCATugAwIBAgIUKOuqcLPetpCLlr9L3TULUbVqotEwCgYIKoZIzj0EAwIw
            ETEPMA0GA1UEAwwGc2Vjb25kMCAXDTI2MTEyNTAyMDIyNloYDzIxMjYxMTAxMDIw
            MjI2WjARMQ8wDQYDVQQDDAZzZWNvbmQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
            AAQ1Un1hxUt+c/Rm38EI2AOgaT4VGqAh57WKbLzsrF4kSx7lw/+1/WyiX7gyS/Gu
            6wf70mBjouHe8VIxulW1q5w8o28wbTAdBgNVHQ4EFgQUyRQVw2usIE4s9QSNV0Uu
            IbrbKMowHwYDVR0jBBgwFoAUyRQVw2usIE4s9QSNV0UuIbrbKMowDwYDVR0TAQH/
            BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwID
            RwAwRAIgaz2SrySI3ToSHsMUxgSWwd6Py94JBMGpygj0oBsH3EICIADx9nx0Xkd6
            1wnC5rzjVH4PFNVvupN8mMFEjiuEM+Eu
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjE0YJgW1eo5VUPzo
            OXWxXYFiBcOw+9HCliQp55wqCnyhRANCAAQ1Un1hxUt+c/Rm38EI2AOgaT4VGqAh
            57WKbLzsrF4kSx7lw/+1/WyiX7gyS/Gu6wf70mBjouHe8VIxulW1q5w8
            -----END PRIVATE KEY-----
            """)
}
