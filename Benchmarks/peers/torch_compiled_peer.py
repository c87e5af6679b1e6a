"""PyTorch with torch.compile: Inductor's code for the CPU, float32, constant weights, one graph for each batch shape.
Inductor needs a C++ compiler."""

import astromae_torch
import numpy as np
import peer
import torch
import torch._dynamo
import torch._inductor.config
import torch_peer


def configure() -> None:
    """Settings of the thread that calls it."""
    torch._inductor.config.freezing = True  # weights are constants, packed for the matrix products
    torch._dynamo.config.recompile_limit = 256  # a graph for each batch size and number of threads


def load(work: peer.Work) -> peer.Engine:
    configure()
    tensors = {name: torch.from_numpy(array) for name, array in work.weights.items()}
    # With fullgraph an operation that cannot be compiled is an error; otherwise it would run eagerly.
    network = torch.compile(astromae_torch.build(tensors, work.heads), fullgraph=True, dynamic=False)
    images, magnitudes = torch.from_numpy(work.images), torch.from_numpy(work.magnitudes)

    @torch.no_grad()  # Inductor does not freeze weights under inference_mode
    def predict(batch: slice) -> np.ndarray:
        return network(images[batch], magnitudes[batch]).numpy()

    return torch_peer.engine(work, predict, "PyTorch, torch.compile", configure)


if __name__ == "__main__":
    peer.serve(load)
