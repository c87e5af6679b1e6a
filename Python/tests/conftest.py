import sys

import numpy as np
import pytest

sys.dont_write_bytecode = True

import astrocai
import support
from shared_hooks import pytest_configure, pytest_unconfigure  # noqa: F401  # pytest finds them here


@pytest.fixture(scope="session")
def model():
    return astrocai.Model(support.WEIGHTS)


@pytest.fixture(scope="session")
def autoencoder():
    return astrocai.Model(support.AUTOENCODER)


@pytest.fixture(scope="session")
def demo():
    return astrocai.read(support.DEMO)


@pytest.fixture(scope="session")
def few(demo):
    """Images and magnitudes of some galaxies."""
    return demo.images[:24], demo.magnitudes[:24]


@pytest.fixture(scope="session")
def expected(few, tmp_path_factory):
    """Their redshifts by the command line."""
    redshifts, flags = support.infer(tmp_path_factory.mktemp("expected"), *few)
    assert not flags.any() and np.isfinite(redshifts).all()
    return redshifts
