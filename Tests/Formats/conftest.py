import numpy as np
import pytest

import galaxies
from shared_hooks import pytest_configure, pytest_unconfigure  # noqa: F401  # pytest finds them here


@pytest.fixture(scope="session")
def demo():
    return galaxies.demo()


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """The redshifts of the demo galaxies from PyTorch's file, as bits."""
    return galaxies.infer(galaxies.DEMO, "--limit", galaxies.COUNT, folder=tmp_path_factory.mktemp("expected"))


@pytest.fixture
def same(expected, tmp_path):
    """Checks that a run gives the same bits."""

    def check(*arguments):
        np.testing.assert_array_equal(galaxies.infer(*arguments, folder=tmp_path), expected)

    return check
