import ArgumentParser
import Inference
import Platform

/// Values that stand for an unknown magnitude or redshift: an option of all commands that read galaxies or redshifts.
struct MissingValuesOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Values that mean a missing magnitude or redshift, separated by commas, or 'none'. Default: those of surveys, such as -9999, -99, 99.",
            valueName: "values"))
    var missing: String?

    /// nil where the option was not given.
    func stated() throws(Failure) -> MissingValues? {
        try missing.map { (text) throws(Failure) in try MissingValues(text) }
    }

    func values() throws(Failure) -> MissingValues { try missing.map(MissingValues.init) ?? .usual }

    func validate() throws { do { _ = try values() } catch { throw ValidationError("--\(error)") } }
}
