"""The redshifts of the demo galaxies. The document's helpers are beside the tests that need NumPy alone."""

import sys

import pytest

sys.dont_write_bytecode = True

import astrocai  # noqa: E402
from document import GALAXIES, WEIGHTS  # noqa: E402
from shared_hooks import pytest_configure, pytest_unconfigure  # noqa: E402, F401  # pytest finds them here


@pytest.fixture(scope="session")
def galaxies() -> astrocai.Galaxies:
    return astrocai.read(GALAXIES)


@pytest.fixture(scope="session")
def model() -> astrocai.Model:
    return astrocai.Model(WEIGHTS)


@pytest.fixture(scope="session")
def prediction(galaxies: astrocai.Galaxies, model: astrocai.Model) -> astrocai.Prediction:
    return model.predict(galaxies.images, galaxies.magnitudes)
