"""Writes MANIFEST.json: name, sha256, size and origin of every data file in this folder (`make weights-manifest`)."""

import hashlib
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent

# A data file without an origin does not belong here.
ORIGINS = {
    "astromae-demo.safetensors": "AstroMAE trained for 23 minutes on 24,000 galaxies simulated with GalSim 2.8.5 "
    "(PyTorch 2.2.1, timm 0.4.12); written by `cai convert --dtype f16` from the checkpoint that torch.save made",
    "astromae-mae-demo.safetensors": "AstroMAE's masked autoencoder as it was trained for 7 minutes, 75% of the patches "
    "hidden, on the same galaxies with the same software: what the redshift network's encoder comes from; written by "
    "`cai convert --dtype f16` from a state dict",
    "demo-galaxies.pt": "512 galaxies simulated with GalSim 2.8.5, none of them trained on; a TensorDataset written by "
    "torch.save: images float32, magnitudes float64, redshifts float64",
}


def entry(path):
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"name": path.name, "sha256": digest, "bytes": len(content), "origin": ORIGINS[path.name]}


def main():
    paths = sorted(path for ending in ("*.safetensors", "*.pt") for path in FOLDER.glob(ending))
    unknown = [path.name for path in paths if path.name not in ORIGINS]
    if unknown:
        sys.exit(f"manifest.py: no origin for {', '.join(unknown)}: add it to ORIGINS")
    manifest = json.dumps({"files": [entry(path) for path in paths]}, indent=2)
    (FOLDER / "MANIFEST.json").write_text(manifest + "\n")


if __name__ == "__main__":
    main()
