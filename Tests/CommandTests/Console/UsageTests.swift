import TestSupport
import Testing

/// Runs the program in a mount namespace of its own without /proc.
private func withoutProc(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
    let script = "mount -t tmpfs none /proc && exec \"$@\""
    let words = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", Command.path] + arguments
    let ended = try ChildProcess(
        ["/usr/bin/env"] + words, environment: ChildProcess.inherited([:]), within: Command.bound
    ).end()
    return (ended.status, ended.output, ended.errors)
}

@Test(
    "Without /proc, arguments are the process's own: wrong ones are errors, and results are the same",
    .enabled(if: (try? withoutProc(["--version"]))?.status == 0, "mount namespaces are not permitted"))
func argumentsWithoutProc() throws {
    #expect(try withoutProc(["--version"]).output.hasPrefix("0.1.0 "))
    let wrong = try withoutProc(["infer"])
    #expect(wrong.status == 2 && wrong.output.isEmpty)
    let missing = try withoutProc(["infer", "nowhere.pt", "--weights", "nowhere.safetensors"])
    #expect(missing.status == 1 && missing.output.isEmpty && missing.errors.contains("nowhere"))
    let arguments = ["infer", Tiny.partition, "--weights", Fixture.path("tiny/normalcell.pt"), "--quiet"]
    let found = try withoutProc(arguments)
    #expect(found.status == 0, "\(found.errors)")
    #expect(try found.output == Command.run(arguments).output)
}

@Test("cai --version prints the version, the architecture and the version of Swift")
func version() throws {
    let command = try Command.run(["--version"])
    #expect(command.status == 0)
    let form = /0\.1\.0 \((x86-64|arm64), Swift 6\.\d+\.\d+\)\n/
    #expect(command.output.wholeMatch(of: form) != nil, "\(command.output)")
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
        (["convert", "a.pt"], "convert"), (["convert", "a.pt", "-o", "b.bin"], "convert"),
        (["convert", "a.pt", "-o", "b.safetensors", "--dtype", "f8"], "convert"), (["evaluate"], "evaluate"),
        (["demo", "extra"], "demo"), (["anomalies", "x.pt", "-o", "x.csv", "--panels", "24"], "anomalies"),
        (["experiment", "x.pt", "-o", "tree", "--worker-rate", "5"], "experiment"),
        (["infer", ""], "infer"), (["infer", "x.pt", "--weights", ""], "infer"), (["inspect", ""], "inspect"),
        (["convert", "", "-o", "b.safetensors"], "convert"), (["evaluate", ""], "evaluate"),
        (["demo", "--output", ""], "demo"),
        (["infer", "x.pt", "--threads", "1\n2"], "infer"), (["predict"], ""), (["--fast"], ""),
        (["convert", "a.pt", "b.safetensors"], "convert"), (["help", "predict"], ""), (["infr", "-h"], ""),
        (["verify", "1.pt"], "verify"), (["verify", "--reference", "z.npy"], "verify"),
        (["verify", "--reference", "", "1.pt"], "verify"), (["verify", "--reference", "z.npy", ""], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--tolerance=-1e-5"], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--tolerance", "small"], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--tolerance", "nan"], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--tolerance", "inf"], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--weights", ""], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--join", "id"], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "--network", ""], "verify"),
        (["verify", "--reference", "z.npy", "1.pt", "-o", "z.csv"], "verify"),
    ])
func wrongUsage(arguments: [String], subcommand: String) throws {
    let command = try Command.run(arguments)
    #expect(command.status == 2)
    #expect(command.output.isEmpty)
    #expect(command.errorLines.count == 1)
    #expect(command.errors.hasPrefix("cai: error: "))
    #expect(command.errors.hasSuffix("(see 'cai\(subcommand.isEmpty ? "" : " " + subcommand) --help')\n"))
}
