"""What every peer shares: how it is asked, and how it is timed.

A peer is a process of its own, so that one engine's threads and memory never sit beside another's. It is started with
weights, galaxies and a number of threads, prints one line of JSON about itself, and then answers lines on its standard
input, each with one line of JSON:

    prepare BATCH   tries the engine's settings for that batch size and keeps the fastest: its name, its precision, and
                    its redshifts
    time BATCH      the seconds that one pass over all galaxies took, with the setting kept

With --first it predicts the first galaxy, by the first setting, instead of this, and ends: the time from the start of a
process to its first redshift.

Closing its input ends it. To add a peer, write `<name>_peer.py` around `serve` and name it in `compare.py`'s table.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from inputs import Arrays, load_galaxies, load_weights

TRIALS = 3  # of each setting, of which the fastest counts

OURS = "CAI from Python"
FLOAT32 = "float32"
PRECISIONS = {"f32": FLOAT32, "bf16": "bfloat16", "f16": "float16"}  # OpenVINO's names

Pass = Callable[[], np.ndarray]
"""Predicts all galaxies: redshifts [N]."""


@dataclass(frozen=True)
class Work:
    """What a peer has to do. images [N, 5, 32, 32], magnitudes [N, 5], all float32."""

    path: Path
    weights: Arrays
    heads: int
    images: np.ndarray
    magnitudes: np.ndarray
    threads: int

    def batches(self, size: int, streams: int = 1) -> list[slice]:
        """The galaxies in batches, the last of which may be smaller. There is one for each stream, if need be by
        batches that are smaller than asked for: CAI gives its threads work in the same way."""
        count = len(self.images)
        size = min(size, -(-count // streams))
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]


@dataclass(frozen=True)
class Engine:
    name: str
    version: str
    settings: Callable[[int], dict[str, Callable[[], Pass]]]
    """For a batch size: the settings worth trying, by name. Each is made when it is called, ready to run."""
    precision: Callable[[], str] = lambda: FLOAT32
    """Of the engine's matrix products, known after a setting has been made."""


def serve(load: Callable[[Work], Engine], *, reads_file: bool = False) -> None:
    """Runs the protocol around the engine that `load` makes.

    Parameters
    ----------
    reads_file
        Whether the engine reads the weights by itself, from `Work.path`; `Work.weights` is then empty.
    """
    parser = argparse.ArgumentParser(description="A peer; compare.py starts it.")
    parser.add_argument("--weights", type=Path, required=True, help="safetensors with state-dict names")
    parser.add_argument("--galaxies", type=Path, required=True, help="a TensorDataset: images, magnitudes[, redshifts]")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--first", action="store_true", help="predict the first galaxy, and end")
    options = parser.parse_args()
    arrays = load_galaxies(options.galaxies)
    if options.first:
        arrays = arrays[0][:1], arrays[1][:1]
    # Engines that read the file themselves need no arrays.
    weights = ({}, 0) if reads_file else load_weights(options.weights)
    engine = load(Work(options.weights, *weights, *arrays, options.threads))
    if options.first:
        next(iter(engine.settings(1).values()))()()
        tell({"name": engine.name})
        return
    tell({"name": engine.name, "version": engine.version})

    kept: dict[int, Pass] = {}
    for line in sys.stdin:
        request, size = line.split()
        batch = int(size)
        if request == "prepare":
            setting, kept[batch] = fastest(engine.settings(batch))
            tell({"setting": setting, "precision": engine.precision(), "redshifts": kept[batch]().tolist()})
        else:
            tell({"seconds": seconds(kept[batch])})


def fastest(settings: dict[str, Callable[[], Pass]]) -> tuple[str, Pass]:
    passes = {name: make() for name, make in settings.items()}
    for run in passes.values():
        run()  # warms up
    if len(passes) == 1:
        return next(iter(passes.items()))
    trials = {name: min(seconds(run) for _ in range(TRIALS)) for name, run in passes.items()}
    name = min(trials, key=trials.__getitem__)
    return name, passes[name]


def seconds(run: Pass) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def tell(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)
