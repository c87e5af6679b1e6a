"""OpenVINO as a peer: its CPU plug-in, float32 throughout, the batch's shape fixed in the graph.

`engine` is shared with openvino_installed_peer.py, which leaves the precision to OpenVINO.
"""

from collections.abc import Callable

import astromae_onnx
import numpy as np
import openvino
import peer


FLOAT32 = {"EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_PRECISION_HINT": "f32"}


def load(work: peer.Work) -> peer.Engine:
    return engine(work, "OpenVINO", FLOAT32)


def engine(work: peer.Work, name: str, precision_hints: dict[str, str]) -> peer.Engine:
    core = openvino.Core()
    precisions = set()  # of the compiled networks

    def queue(batch: int, streams: int) -> openvino.AsyncInferQueue:
        """Infer requests of a network compiled for batches of this size, one for each stream."""
        model = core.read_model(astromae_onnx.build(work.weights, work.heads, batch).SerializeToString(), b"")
        hints = {
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
            **precision_hints,
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": work.threads,
        }
        compiled = core.compile_model(model, "CPU", hints)
        precisions.add(peer.PRECISIONS[compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()])
        return openvino.AsyncInferQueue(compiled, streams)

    def prepared(size: int, streams: int) -> peer.Pass:
        batches = work.batches(size, streams)
        lengths = {batch.stop - batch.start for batch in batches}
        queues = {length: queue(length, streams) for length in lengths}
        redshifts = np.empty(len(work.images), np.float32)

        def keep(request: openvino.InferRequest, batch: slice) -> None:
            redshifts[batch] = request.get_output_tensor(0).data

        for requests in queues.values():
            requests.set_callback(keep)

        def run() -> np.ndarray:
            for batch in batches:
                inputs = [work.images[batch], work.magnitudes[batch]]
                queues[batch.stop - batch.start].start_async(inputs, batch, share_inputs=True)
            for requests in queues.values():
                requests.wait_all()
            return redshifts

        return run

    def settings(size: int) -> dict[str, Callable[[], peer.Pass]]:
        return {
            f"{streams} {'stream' if streams == 1 else 'streams'}": lambda streams=streams: prepared(size, streams)
            for streams in sorted({1, work.threads})
        }

    def precision() -> str:
        return " and ".join(sorted(precisions))

    return peer.Engine(name, openvino.__version__.split("-")[0], settings, precision)


if __name__ == "__main__":
    peer.serve(load)
