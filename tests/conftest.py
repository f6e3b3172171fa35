"""What the tests share: the project's folder on the path, and a tiny MNIST."""

from pathlib import Path
import sys

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))


@pytest.fixture(scope="session")
def mnist():
    """The real data set, loaded once."""
    import common

    return common.load_mnist()


def tiny(mnist):
    """40 training and 20 test images in MNIST's layout, every digit equally often."""
    arrays = {}
    for (images, labels), part, n in zip(mnist, ("train", "test"), (4, 2), strict=True):
        chosen = np.stack([np.flatnonzero(labels == digit)[:n] for digit in range(10)])
        chosen = chosen.T.ravel()
        arrays[f"x_{part}"] = np.rint(images[chosen] * 255).astype(np.uint8)
        arrays[f"y_{part}"] = labels[chosen]
    return arrays


@pytest.fixture
def drawn_rows(monkeypatch):
    """Draw nothing, but collect the rows of plot_images: {file name: rows}."""
    import common

    figures = {}
    monkeypatch.setattr(
        common, "plot_images", lambda rows, path: figures.update({path.name: rows})
    )
    monkeypatch.setattr(common, "save_figure", lambda fig, path: None)
    return figures


@pytest.fixture
def tiny_arrays(mnist):
    """Arrays like MNIST's, but few, for a test to change as it likes."""
    return tiny(mnist)


@pytest.fixture(scope="session")
def tiny_npz(tmp_path_factory, mnist):
    """The path of an .npz file with the tiny arrays, to be read only."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.npz"
    np.savez_compressed(path, **tiny(mnist))
    return path
