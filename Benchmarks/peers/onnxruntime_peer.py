"""ONNX Runtime as a peer: its CPU provider, every graph optimisation, the batch's shape fixed in the graph."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import astromae_onnx
import numpy as np
import onnxruntime
import peer


def load(work: peer.Work) -> peer.Engine:
    @cache
    def session(batch: int, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        model = astromae_onnx.build(work.weights, work.heads, batch).SerializeToString()
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def predict(batch: slice, threads: int) -> np.ndarray:
        inputs = {"images": work.images[batch], "magnitudes": work.magnitudes[batch]}
        return session(batch.stop - batch.start, threads).run(["redshifts"], inputs)[0]

    def together(size: int) -> peer.Pass:
        batches = work.batches(size)
        return lambda: np.concatenate([predict(batch, work.threads) for batch in batches])

    def streams(size: int) -> peer.Pass:
        pool = ThreadPoolExecutor(work.threads)
        batches = work.batches(size, work.threads)
        predict(batches[0], 1), predict(batches[-1], 1)  # makes the sessions here, not twice in the pool
        return lambda: np.concatenate(list(pool.map(lambda batch: predict(batch, 1), batches)))

    def settings(size: int) -> dict[str, Callable[[], peer.Pass]]:
        tried = {f"{work.threads} intra-op": lambda: together(size)}
        if work.threads > 1:
            tried[f"{work.threads} concurrent runs"] = lambda: streams(size)
        return tried

    return peer.Engine("ONNX Runtime", onnxruntime.__version__, settings)


if __name__ == "__main__":
    peer.serve(load)
