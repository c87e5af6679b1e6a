import Platform

/// Writes the galaxy of each row of a run's output: CSV with the columns object_id, source and row.
public enum GalaxyIDWriter {
    /// Writes the file atomically: it is complete or absent.
    public static func write(_ run: GalaxyRun, to path: String) throws(Failure) {
        let file = try AtomicFile(path: path)
        do throws(Failure) {
            try file.write("object_id,source,row\n")
            var line: [UInt8] = []
            try run.forEachGalaxy { galaxy, _ throws(Failure) in
                line.removeAll(keepingCapacity: true)
                DelimitedText.append(galaxy.objectID, to: &line)
                line.append(UInt8(ascii: ","))
                DelimitedText.append(galaxy.source, to: &line)
                line += ",\(galaxy.row)\n".utf8
                try file.write(line)
            }
            try file.commit()
        } catch {
            file.abandon()
            throw error
        }
    }
}
