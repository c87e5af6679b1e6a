import ArgumentParser

/// The command: everything is in its subcommands.
struct Cai: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cai",
        abstract: "Redshifts of galaxy cutouts, from the AstroMAE network, on processors.",
        discussion: """
            EXAMPLES
              cai demo                               the demo network on the demo galaxies
              cai infer 1.pt 2.pt -o z.csv           predictions of two partitions
              cai infer 'data/*.pt' > z.csv          of all that match, in natural order
              cai evaluate z.csv                     how good they are
              cai inspect weights.pt                 what is in a file

            EXIT STATUS
              0  every galaxy asked for is in the output
              1  something failed; one line on the standard error says what
              2  the command line is wrong
            """,
        version: "0.1.0",
        subcommands: [
            InferCommand.self, DemoCommand.self, InspectCommand.self, ConvertCommand.self, EvaluateCommand.self,
        ])
}
