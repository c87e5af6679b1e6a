"""PyTorch as a peer: eager float32, inference mode, its own thread pool or one Python thread for each stream."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import astromae_torch
import numpy as np
import peer
import torch


def load(work: peer.Work) -> peer.Engine:
    tensors = {name: torch.from_numpy(array) for name, array in work.weights.items()}
    network = astromae_torch.build(tensors, work.heads)
    images, magnitudes = torch.from_numpy(work.images), torch.from_numpy(work.magnitudes)

    @torch.inference_mode()
    def predict(batch: slice) -> np.ndarray:
        return network(images[batch], magnitudes[batch]).numpy()

    return engine(work, predict)


def engine(
    work: peer.Work, predict: Callable[[slice], np.ndarray], name: str = "PyTorch",
    configure: Callable[[], None] | None = None,
) -> peer.Engine:  # fmt: skip
    """PyTorch around whatever it computes of a batch. `configure` is called in each thread: settings are of a thread."""
    pool = ThreadPoolExecutor(work.threads, initializer=configure)

    def together(size: int) -> np.ndarray:
        torch.set_num_threads(work.threads)
        return np.concatenate([predict(batch) for batch in work.batches(size)])

    def streams(size: int) -> np.ndarray:
        def alone(batch: slice) -> np.ndarray:
            torch.set_num_threads(1)  # holds for the thread that calls it
            return predict(batch)

        return np.concatenate(list(pool.map(alone, work.batches(size, work.threads))))

    def settings(size: int) -> dict[str, Callable[[], peer.Pass]]:
        tried = {f"{work.threads} intra-op": lambda: lambda: together(size)}
        if work.threads > 1:
            tried[f"{work.threads} concurrent runs"] = lambda: lambda: streams(size)
        return tried

    return peer.Engine(name, torch.__version__, settings)


if __name__ == "__main__":
    peer.serve(load)
