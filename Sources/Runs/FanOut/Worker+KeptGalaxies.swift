import Cloud
import Inference
import Platform

extension Worker {
    /// What an earlier attempt has kept; nothing without a run, whose folder it would be in.
    func earlier(_ item: WorkerItem, _ rank: RankRun, galaxies: Int) throws(Failure) -> KeptGalaxies.Found {
        guard item.runID != nil else { return .nothing }
        return try KeptGalaxies.find(
            bucket: item.bucket, key: item.keys.kept(item.rank), in: rank.store, like: rank.result, count: galaxies)
    }

    /// Keeps what is finished for the next attempt.
    /// - Parameter store: until the deadline.
    /// - Returns: the error of this attempt.
    func keep(
        _ reached: PredictionJournal.Earlier, after earlier: KeptGalaxies?, of item: WorkerItem, _ rank: inout RankRun,
        _ store: any ObjectStore
    ) -> Failure {
        func stopped(_ done: Int, _ more: String) -> String {
            "stopped at the deadline: \(done) of \(reached.redshifts.count) galaxies done" + more
        }
        let (done, before) = (reached.finished.count, earlier?.finished ?? FinishedGalaxies())
        guard item.runID != nil else { return Failure(.stalled, stopped(done, "; without RUN_ID none is kept")) }
        // With all galaxies done, checksums may take an attempt of their own.
        let isFurther =
            before.count < reached.redshifts.count
            ? done > before.count : reached.finished.verified.count > before.verified.count
        guard isFurther else {
            return Failure(
                .stalled,
                stopped(
                    done, ", no more than before: take a longer time limit, more memory, or a smaller rank_galaxies"))
        }
        rank.stopEarly()
        do throws(Failure) {
            let kept = try KeptGalaxies(rank.result, reached)
                .put(bucket: item.bucket, key: item.keys.kept(item.rank), in: store)
            rank.isKept = true
            return Failure(.deadline, stopped(kept.finished.count, " and kept for the next attempt"))
        } catch {
            return Failure(error.kind, stopped(done, ", which could not be kept: \(error)"))
        }
    }
}
