import TestSupport
import Testing

private let subcommands = [
    "infer", "demo", "inspect", "convert", "evaluate", "cost", "embed", "reconstruct", "anomalies",
]

@Test("Every subcommand's help has examples", arguments: subcommands)
func helpHasExamples(subcommand: String) throws {
    let command = try Command.run([subcommand, "--help"])
    #expect(command.status == 0)
    #expect(command.errors.isEmpty)
    #expect(command.output.contains("EXAMPLES\n  cai \(subcommand)"))
    #expect(command.output.contains("USAGE: cai \(subcommand)"))
}

@Test("cai --help lists the subcommands and the exit codes", arguments: [["--help"], []])
func helpListsSubcommands(arguments: [String]) throws {
    let command = try Command.run(arguments)
    #expect(command.status == 0)
    for subcommand in subcommands { #expect(command.output.contains("  \(subcommand) ")) }
    for part in ["EXAMPLES", "EXIT STATUS"] { #expect(command.output.contains(part)) }
}

@Test("cai --version prints the version")
func version() throws {
    let command = try Command.run(["--version"])
    #expect(command.status == 0)
    #expect(command.output == "0.1.0\n")
}

@Test(
    "A usage error exits with 2 and prints one line that names the help",
    arguments: [
        (["infer"], "infer"), (["infer", "x.pt", "--table", "s3://b/t.csv"], "infer"),
        (["infer", "x.pt", "-o", "z.txt"], "infer"), (["infer", "x.pt", "-o", "z"], "infer"),
        (["infer", "x.pt", "-o", ""], "infer"), (["infer", "x.pt", "--json"], "infer"),
        (["infer", "x.pt", "--json", "-o", "-"], "infer"), (["infer", "x.pt", "--batch-size", "0"], "infer"),
        (["infer", "x.pt", "--batch-size", "many"], "infer"), (["infer", "x.pt", "--threads", "0"], "infer"),
        (["infer", "x.pt", "--threads", "5000"], "infer"), (["infer", "x.pt", "--limit", "-1"], "infer"),
        (["infer", "x.pt", "--limit", "99999999999999999999"], "infer"),
        (["infer", "x.pt", "--num-heads", "0"], "infer"), (["infer", "x.pt", "--gemm", "mkl"], "infer"),
        (["infer", "x.pt", "--profile", "--quiet"], "infer"), (["inspect", "--cpu", "x.pt"], "inspect"),
        (["infer", "x.pt", "--fast"], "infer"), (["inspect"], "inspect"), (["inspect", "a", "b"], "inspect"),
        (["convert", "a.pt"], "convert"), (["convert", "a.pt", "b.bin"], "convert"),
        (["convert", "a.pt", "b.safetensors", "--dtype", "f8"], "convert"), (["evaluate"], "evaluate"),
        (["demo", "extra"], "demo"), (["anomalies", "x.pt", "-o", "x.csv", "--top", "24"], "anomalies"),
        (["experiment", "x.pt", "-o", "tree", "--galaxies-per-second", "5"], "experiment"),
        (["infer", ""], "infer"), (["infer", "x.pt", "--weights", ""], "infer"), (["inspect", ""], "inspect"),
        (["convert", "", "b.safetensors"], "convert"), (["evaluate", ""], "evaluate"), (["demo", "--out", ""], "demo"),
        (["infer", "x.pt", "--threads", "1\n2"], "infer"), (["predict"], ""), (["--fast"], ""),
    ])
func wrongUsage(arguments: [String], subcommand: String) throws {
    let command = try Command.run(arguments)
    #expect(command.status == 2)
    #expect(command.output.isEmpty)
    #expect(command.errorLines.count == 1)
    #expect(command.errors.hasPrefix("cai: error: "))
    #expect(command.errors.hasSuffix("(see 'cai\(subcommand.isEmpty ? "" : " " + subcommand) --help')\n"))
}
