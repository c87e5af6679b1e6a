"""Models in other processes and threads, and what a call leaves in this one."""

import concurrent.futures
import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest

import astrocai
import support
from shared_hooks import IS_ENDURANCE
from support import same


def predict(model, images, magnitudes):
    return model.predict(images, magnitudes).redshifts


def test_models_are_pickled_by_path_and_options(few, expected):
    with astrocai.Model(os.path.relpath(support.WEIGHTS), threads=1) as model:
        for other in (pickle.loads(pickle.dumps(model)), copy.copy(model)):
            assert other.weights == str(support.WEIGHTS)
            same(predict(other, *few), expected)
            other.close()
        same(predict(model, *few), expected)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_get_the_same_bits(model, few, expected, method):
    same(predict(model, *few), expected)
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        for found in pool.map(predict, [model] * 3, [few[0]] * 3, [few[1]] * 3):
            same(found, expected)
    same(predict(model, *few), expected)


def test_a_forked_process_uses_the_model_of_its_parent(model, few, expected):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if (predict(model, *few) == expected).all() else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_threads_of_a_forked_process_share_the_model_of_its_parent(model, few):
    images = few[0][:1]
    features = {layer: model.embed(images, layer=layer, threads=1) for layer in ("pooled", "cls")}

    def embed(_: object) -> bool:
        # Each other layer is loaded anew, under a lock.
        return all(
            np.array_equal(model.embed(images, layer=layer, threads=1), features[layer])
            for layer in ("pooled", "cls") * 4)  # fmt: skip

    child = os.fork()
    if child == 0:
        try:
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                others = pool.map(embed, range(3))
                os._exit(0 if embed(None) and all(others) else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_threads_share_a_model(model, few, expected):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: predict(model, *few), range(8)):
            same(found, expected)


def test_a_model_may_be_closed_while_it_computes(few, expected):
    model = astrocai.Model(support.WEIGHTS)
    images, magnitudes = (np.concatenate([array] * 8) for array in few)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(model.predict, images, magnitudes, threads=1, progress=lambda done, total: None)
        model.close()
        error = call.exception()
    # The whole call was before, or its next slice is an error.
    if error is None:
        same(call.result().redshifts, np.concatenate([expected] * 8))
    else:
        assert isinstance(error, astrocai.Error) and str(error) == f"{support.WEIGHTS}: the model is closed"


def test_two_models_at_once(model, autoencoder, few, expected):
    with astrocai.Model(support.WEIGHTS) as other:
        features = autoencoder.embed(few[0])
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            redshifts = [pool.submit(predict, one, *few) for one in (model, other)]
            same(pool.submit(autoencoder.embed, few[0]).result(), features)
            for found in redshifts:
                same(found.result(), expected)


def run(code: str, *arguments: object) -> str:
    """Runs a program in Python; returns its output."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ctrl_c_ends_a_call_after_a_slice():
    """The signal is sent in the first slice: the second one is not computed."""
    out = run(
        """
        import os, signal, sys, threading
        import numpy as np
        import astrocai, astrocai._library
        model = astrocai.Model(sys.argv[1])
        images, magnitudes = np.ones((512, 5, 32, 32), "f4"), np.ones((512, 5), "f4")
        done = []
        entered, call = threading.Event(), astrocai._library.run
        def entering(*arguments):
            entered.set()
            return call(*arguments)
        astrocai._library.run = entering
        threading.Thread(target=lambda: (entered.wait(), os.kill(os.getpid(), signal.SIGINT))).start()
        try:
            model.predict(images, magnitudes, threads=1, batch_size=64, progress=lambda now, total: done.append(now))
        except KeyboardInterrupt:
            print("interrupted", len(done))
        """,
        support.WEIGHTS,
    )
    word, slices = out.split()
    assert word == "interrupted" and int(slices) <= 1


def test_signals_and_processors_of_the_process_stay_as_they_are(model, few):
    def state():
        status = Path("/proc/self/status").read_text().splitlines()
        signals = [line for line in status if line.startswith(("SigCgt", "SigIgn", "SigBlk", "Threads"))]
        return signals, os.sched_getaffinity(0)

    before = run(
        """
        import re, sys
        print(re.findall(r"(Sig(?:Cgt|Ign|Blk)|Threads):\\t(\\w+)", open("/proc/self/status").read()))
        import numpy, astrocai
        model = astrocai.Model(sys.argv[1])
        model.predict(numpy.ones((4, 5, 32, 32)), numpy.ones((4, 5)))
        astrocai.read(sys.argv[2])
        print(re.findall(r"(Sig(?:Cgt|Ign|Blk)|Threads):\\t(\\w+)", open("/proc/self/status").read()))
        """,
        support.WEIGHTS, support.DEMO,
    ).splitlines()  # fmt: skip
    # NumPy's BLAS may start threads, which is not in question.
    assert before[0].split("('Threads'")[0] == before[1].split("('Threads'")[0]
    first = state()
    predict(model, *few)
    assert state() == first


def test_a_file_that_is_cut_short_does_not_end_the_process(tmp_path, few, expected):
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(support.WEIGHTS.read_bytes())
    model = astrocai.Model(weights)
    os.truncate(weights, 4096)
    same(predict(model, *few), expected)
    with pytest.raises(astrocai.Error, match="was replaced or changed after it was loaded"):
        model.embed(few[0])


def resident() -> int:
    """Kilobytes in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.mark.endurance
def test_memory_is_constant_over_calls(model, few):
    images, magnitudes = few[0][:1], few[1][:1]
    calls = 10_000 if IS_ENDURANCE else 500

    def some(count):
        for index in range(count):
            model.predict(images, magnitudes, threads=1)
            if index % 10 == 0:
                with pytest.raises(astrocai.Error):
                    model.predict(images, magnitudes, bands="uuuuu")

    some(calls // 5)
    before = resident()
    some(calls)
    # A leak of one workspace, of one cutout or of one error a call would be 30 MB, 10 MB or 0.1 MB.
    assert resident() - before < 2000


@pytest.mark.endurance
def test_models_are_released():
    astrocai.Model(support.WEIGHTS).close()
    before = resident()
    for _ in range(20 if IS_ENDURANCE else 5):
        astrocai.Model(support.WEIGHTS)
    assert resident() - before < 100_000


@pytest.mark.endurance
def test_torch_in_the_same_process(few, expected):
    """Both have their own threads and libraries; the bits stay. CAI_TEST_TORCH names a Python with PyTorch."""
    python = os.environ.get("CAI_TEST_TORCH")
    if not python:
        pytest.skip("CAI_TEST_TORCH names no Python with PyTorch, whose package for x86-64 is too large to install here")
    code = """
    import sys
    sys.path.insert(0, sys.argv[1])
    import torch, numpy, astrocai
    images, magnitudes = (numpy.load(path) for path in sys.argv[3:5])
    model = astrocai.Model(sys.argv[2])
    linear = torch.nn.Linear(512, 512)
    before = linear(torch.ones(64, 512))
    found = model.predict(torch.from_numpy(images), torch.from_numpy(magnitudes))
    assert torch.equal(linear(torch.ones(64, 512)), before)
    sys.stdout.buffer.write(found.redshifts.tobytes())
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("images.npy", "magnitudes.npy")]
        for path, array in zip(paths, few, strict=True):
            np.save(path, array)
        command = [python, "-c", textwrap.dedent(code), Path(astrocai.__file__).parents[1], support.WEIGHTS, *paths]
        done = subprocess.run(command, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
    same(np.frombuffer(done.stdout, np.float32), expected)
