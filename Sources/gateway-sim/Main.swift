import ArgumentParser
import GatewaySimulation

/// The simulator; all of it is in the library, so that tests can run it too.
@main
struct Main {
    static func main() async {
        await SimulatorCommand.main()
    }
}
