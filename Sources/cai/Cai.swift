import ArgumentParser

@main
struct Cai: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cai", abstract: "Redshifts of galaxy cutouts.", version: "0.1.0")
}
