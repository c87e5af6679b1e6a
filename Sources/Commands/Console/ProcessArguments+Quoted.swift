import Platform

extension ProcessArguments {
    /// The command as a shell takes it, without `--resume`: rows do not depend on whether a run was resumed.
    static var quoted: String {
        (["cai"] + all.dropFirst().filter { $0 != "--resume" }.map(quoted)).joined(separator: " ")
    }

    private static func quoted(_ argument: String) -> String {
        let plain = argument.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_./=:,+@%".utf8.contains(byte)
        }
        if plain, !argument.isEmpty { return argument }
        return "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
