import Glibc
import UpgradeCore

/// Finds out before anything is created whether a port can be had, so that a start that must fail leaves nothing behind.
///
/// Somebody may take the port between the probe and the listener; that case is refused later, in the same words.
enum PortProbe {
    /// - Throws: ``StartRefusal`` that names the port, or the host, and the setting to change.
    static func check(_ address: ListenAddress, portSetting: Setting, hostSetting: Setting) throws(StartRefusal) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address.host, String(address.port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard status == 0, let first = found?.pointee else {
            throw StartRefusal(
                "the host '\(address.host)' cannot be resolved (\(String(cString: gai_strerror(status))))",
                remedy: "give a name or address of this machine with \(hostSetting.flag)")
        }
        let code = bindOnce(first)
        if code != 0 { throw refusal(code: code, address, portSetting: portSetting, hostSetting: hostSetting) }
    }

    /// The refusal for a listener that met the errno `code`.
    static func refusal(
        code: Int32, _ address: ListenAddress, portSetting: Setting, hostSetting: Setting
    ) -> StartRefusal {
        switch code {
        case EADDRINUSE: taken(address, portSetting: portSetting)
        case EADDRNOTAVAIL:
            StartRefusal(
                "\(address.host) is no address of this machine", remedy: "choose one that is with \(hostSetting.flag)")
        case EACCES:
            StartRefusal(
                "port \(address.port) on \(address.host) is reserved to privileged programs",
                remedy: "choose one above 1023 with \(portSetting.flag)")
        default:
            StartRefusal(
                "cannot listen on \(address.authority) (\(String(cString: strerror(code))))",
                remedy: "choose another address with \(hostSetting.flag) and \(portSetting.flag)")
        }
    }

    /// The refusal for a port that somebody else has.
    static func taken(_ address: ListenAddress, portSetting: Setting) -> StartRefusal {
        StartRefusal(
            "port \(address.port) on \(address.host) is taken",
            remedy: "stop what listens there, or choose another with \(portSetting.flag) (0 means any free port)")
    }

    /// Binds a socket and closes it again; the errno, 0 when it worked.
    private static func bindOnce(_ address: addrinfo) -> Int32 {
        let descriptor = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // As the listeners do: connections of an earlier run that linger are no hindrance.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
    }
}
