"""CAI from Python: `astrocai.Model.predict`, of the wheel in Python/dist."""

from collections.abc import Callable

import astrocai
import numpy as np
import peer


def load(work: peer.Work) -> peer.Engine:
    model = astrocai.Model(work.path, work.threads)

    def settings(size: int) -> dict[str, Callable[[], peer.Pass]]:
        def predict() -> np.ndarray:
            return model.predict(work.images, work.magnitudes, threads=work.threads, batch_size=size).redshifts

        return {f"{work.threads} threads": lambda: predict}

    return peer.Engine(peer.OURS, astrocai.__version__, settings)


if __name__ == "__main__":
    peer.serve(load, reads_file=True)
