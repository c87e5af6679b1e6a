"""PyTorch as a peer: eager float32, inference mode, its own thread pool."""

import astromae_torch
import peer
import torch
from safetensors import safe_open
from safetensors.torch import load_file


def load(weights, partition):
    with safe_open(weights, "pt") as file:
        stated = (file.metadata() or {}).get("num_heads")  # where `cai convert` puts it
    network = astromae_torch.build(load_file(weights), int(stated) if stated else None)
    # A TensorDataset is a pickled class: allow that one, and nothing else.
    with torch.serialization.safe_globals([torch.utils.data.TensorDataset]):
        images, magnitudes = torch.load(partition, weights_only=True).tensors[:2]
    images, magnitudes = images.to(torch.float32).contiguous(), magnitudes.to(torch.float32)

    @torch.inference_mode()
    def run(threads, batch):
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        parts = [network(images[i : i + batch], magnitudes[i : i + batch]) for i in range(0, len(images), batch)]
        return torch.cat(parts).tolist()

    return torch.__version__, len(images), run


if __name__ == "__main__":
    peer.serve("PyTorch", load)
