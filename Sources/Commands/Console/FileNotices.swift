import Cloud
import Inference
import Platform

/// Notices about files: those of input folders that are not read, and those that an output replaces.
enum FileNotices {
    /// Reports the other files of input folders, by their endings.
    /// - Parameter isQuiet: whether notices are left out.
    static func others(in inputs: [String], isQuiet: Bool) {
        guard !isQuiet else { return }
        for text in InputList.others(in: inputs) { Console.report("notice: \(text)") }
    }

    /// Runs `body`, which writes files, and then reports those that existed before.
    /// - Parameters:
    ///   - outputs: paths, `s3://` URLs, `-`, or nil for an output that is not written.
    ///   - isQuiet: whether notices are left out.
    ///   - wasKept: whether the result says that the outputs were not written.
    static func reportingReplaced<Result>(
        _ outputs: [String?], isQuiet: Bool, unless wasKept: (Result) -> Bool = { _ in false },
        _ body: () throws -> Result
    ) throws -> Result {
        let existing = outputs.compactMap(\.self).filter(exists)
        let result = try body()
        if !isQuiet, !wasKept(result) {
            for output in existing { Console.report("notice: \(output): replaced an existing file") }
        }
        return result
    }

    /// Whether an output is an existing local file.
    static func exists(_ output: String) -> Bool {
        output != "-" && !S3Location.isLocation(output) && FileStamp(path: output)?.isRegular == true
    }
}
