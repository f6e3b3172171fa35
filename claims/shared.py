"""What the claims share: the project's folder on the path, and the trained models."""

import importlib
from importlib.util import find_spec
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common
import keras

if not (find_spec("sklearn") and find_spec("skimage")):
    install = f"{sys.executable} -m pip install -r claims/requirements.txt"
    sys.stderr.write(f"the claims need two more packages: {install}\n")
    sys.exit(2)


def load_model(name, out):
    """Return (autoencoder, encoder, decoder), as the script `name`.py has saved them.

    Args:
        name: the script, without `.py`.
        out: the folder with `name`.keras, a Path.

    Raises:
        common.DataError: the model is not there, or cannot be read.
    """
    path = out / f"{name}.keras"
    if not path.is_file():
        raise common.DataError(f"there is no {path}: run python {name}.py first")
    importlib.import_module(name)  # for the layers of its own, such as vae.Sampling
    try:
        autoencoder = keras.models.load_model(path)
    except Exception as error:  # zipfile, h5py and Keras raise a dozen kinds
        raise common.DataError(f"{path} cannot be read: {error}") from error
    return (
        autoencoder,
        autoencoder.get_layer("encoder"),
        autoencoder.get_layer("decoder"),
    )
