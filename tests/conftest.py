"""What the tests share: the project's folder on the path, and a tiny MNIST."""

from pathlib import Path
import sys

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

SCRIPTS = [
    "simple_ae",
    "sparse_ae",
    "deep_ae",
    "conv_ae",
    "denoise_ae",
    "seq2seq_ae",
    "vae",
]


@pytest.fixture(scope="session")
def mnist():
    """The real data set, loaded once."""
    import common

    return common.load_mnist()


@pytest.fixture
def tiny_arrays():
    """40 training and 20 test images in MNIST's layout, every digit among them."""
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (40, 28, 28), dtype=np.uint8),
        "y_train": np.arange(40, dtype=np.uint8) % 10,
        "x_test": random.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "y_test": np.arange(20, dtype=np.uint8) % 10,
    }


@pytest.fixture
def tiny_npz(tmp_path, tiny_arrays):
    """The path of an .npz file with the tiny arrays."""
    path = tmp_path / "tiny.npz"
    np.savez_compressed(path, **tiny_arrays)
    return path
