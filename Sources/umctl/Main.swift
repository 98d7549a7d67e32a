import Glibc
import UpgradeCLI

@main struct Main {
    static func main() async {
        exit(await UpgradeManagerControl.run(Array(CommandLine.arguments.dropFirst())))
    }
}
