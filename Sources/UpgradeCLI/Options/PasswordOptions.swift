import ArgumentParser

/// How a verb gets a password: never as an argument, which others on the machine could see.
struct PasswordOptions: ParsableArguments {
    @Flag(help: "Read the password from the first line of standard input.")
    var passwordStdin = false

    /// A new password, given or typed twice.
    func password(for username: String) throws -> String {
        let console = Console.current
        let password = try present(of: username)
        if passwordStdin { return password }
        guard console.askSecretly("Again: ") == password else {
            throw Failure("the two passwords differ; nothing was changed")
        }
        return password
    }

    /// The password in force, given or typed.
    func present(of username: String) throws -> String {
        let console = Console.current
        if passwordStdin {
            guard let password = console.readInput(), !password.isEmpty else {
                throw ValidationError("--password-stdin: standard input has no password in its first line")
            }
            return password
        }
        guard let password = console.askSecretly("Password for \(username): ") else {
            throw ValidationError("there is no terminal to ask for the password at; give it with --password-stdin")
        }
        return password
    }
}
