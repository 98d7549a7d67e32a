import ArgumentParser

/// How a verb gets a password: never as an argument, which others on the machine could see.
struct PasswordOptions: ParsableArguments {
    @Flag(help: "Read the password from the first line of standard input.")
    var passwordStdin = false

    /// The password that was given or typed.
    func password(for username: String) throws -> String {
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
        guard console.askSecretly("Again: ") == password else {
            throw Failure("the two passwords differ; nothing was changed")
        }
        return password
    }
}
