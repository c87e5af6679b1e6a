import ArgumentParser
import Platform

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version.",
        discussion: """
            The same as cai --version.

            EXAMPLES
              cai version
            """)

    func run() throws { try StandardOutput.write(Cai.configuration.version + "\n") }
}

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Print the manual page.",
        discussion: """
            The text of --help of the program and its commands for man(1), in the macros of mdoc(7). \
            'make install' puts it where man finds it.

            EXAMPLES
              cai manual > cai.1 && man -l cai.1
            """,
        shouldDisplay: false)

    func run() throws { try StandardOutput.write(ManualPage(of: Cai.self).text) }
}
