import TensorFiles

/// Writes which galaxy each row of a run's output is: CSV of object_id, source and row, in the order of the rows.
public enum GalaxyIDWriter {
    /// Writes a file that is complete or not there.
    public static func write(_ run: GalaxyRun, to path: String) throws(InferenceError) {
        let file = try reading { () throws(TensorFileError) in try AtomicFile(path: path) }
        do throws(InferenceError) {
            try reading { () throws(TensorFileError) in try file.write("object_id,source,row\n") }
            var line: [UInt8] = []
            try run.forEachGalaxy { galaxy, _ throws(InferenceError) in
                line.removeAll(keepingCapacity: true)
                PredictionEncoder.appendCSV(galaxy.objectID, to: &line)
                line.append(UInt8(ascii: ","))
                PredictionEncoder.appendCSV(galaxy.source, to: &line)
                line += ",\(galaxy.row)\n".utf8
                try reading { () throws(TensorFileError) in try file.write(line) }
            }
            try reading { () throws(TensorFileError) in try file.commit() }
        } catch {
            file.abandon()
            throw error
        }
    }
}
