"""What every peer shares: how it is asked, and how it is timed.

A peer is a process of its own, so that one engine's idle threads and memory never sit beside another's. It is started
with the weights and the galaxies, prints one line of JSON about itself with its redshifts, and then answers each line
`THREADS BATCH` on its standard input with one line of JSON: the seconds that one pass over all galaxies took. Closing
its input ends it. To add a peer, write `<name>_peer.py` around `serve` and name it in `compare.py`'s table.
"""

import argparse
import json
import sys
import time


def serve(name, load):
    """Runs the protocol.

    load(weights, partition) gives (version, count, run): `run(threads, batch)` predicts all galaxies and returns
    their redshifts as a list of floats. Whatever depends on threads or batch alone has to be kept between calls.
    """
    parser = argparse.ArgumentParser(description=f"{name} as a peer; compare.py starts it.")
    parser.add_argument("--weights", required=True, help="safetensors with state-dict names")
    parser.add_argument("--partition", required=True, help="a PyTorch TensorDataset: images, magnitudes[, redshifts]")
    options = parser.parse_args()
    version, count, run = load(options.weights, options.partition)
    tell({"name": name, "version": version, "galaxies": count, "redshifts": run(1, 128)})
    for line in sys.stdin:
        threads, batch = (int(word) for word in line.split())
        started = time.perf_counter()
        run(threads, batch)
        tell({"seconds": time.perf_counter() - started})


def tell(answer):
    print(json.dumps(answer), flush=True)
