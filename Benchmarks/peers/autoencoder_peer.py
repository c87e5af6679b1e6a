"""PyTorch as a peer of the masked autoencoder: `torch_peer.py` with 75% of the patches masked.

What it answers as redshifts are the galaxies' losses. Galaxy i's noise is that of `CutoutWork.noise`.
"""

from pathlib import Path

import autoencoder_torch
import numpy as np
import peer
import torch
import torch_peer

VISIBLE = 4
PREDICTION_TOLERANCE = 2e-5  # of float32 to the golden predictions: `GoldenReconstruction.worstAllowed`
FIXTURES = Path(__file__).resolve().parents[2] / "Tests/Fixtures/mae"


def noise(galaxies: int, patches: int = 16) -> np.ndarray:
    product = (np.arange(galaxies * patches) + 1.0) * 0.6180339887498949
    return (product - np.floor(product)).astype(np.float32).reshape(galaxies, patches)


def golden_difference(network: torch.nn.Module) -> float:
    """max |pred - golden pred| of the demo's first galaxies."""
    from safetensors.numpy import load_file

    inputs = load_file(FIXTURES / "demo-first8.golden.safetensors")
    golden = load_file(FIXTURES / "demo-f16-first8.golden.safetensors")["pred"]
    with torch.inference_mode():
        predictions = network(torch.from_numpy(inputs["images"]), torch.from_numpy(inputs["noise"]), VISIBLE)[0]
    return float(np.abs(predictions.numpy() - golden).max())


def load(work: peer.Work) -> peer.Engine:
    tensors = {name: torch.from_numpy(array) for name, array in work.weights.items()}
    network = autoencoder_torch.build(tensors, work.heads)
    difference = golden_difference(network)
    if not difference <= PREDICTION_TOLERANCE:
        raise SystemExit(f"autoencoder_peer.py: {difference:.1e} from the golden predictions")
    images, masks = torch.from_numpy(work.images), torch.from_numpy(noise(len(work.images)))

    @torch.inference_mode()
    def losses(batch: slice) -> np.ndarray:
        return network(images[batch], masks[batch], VISIBLE)[2].numpy()

    return torch_peer.engine(work, losses)


if __name__ == "__main__":
    peer.serve(load)
