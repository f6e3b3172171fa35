"""Write the page on which a drawn digit goes through all the networks, in a browser.

    python page/build.py

puts the trained models of outputs/ into page/template.html and writes page/index.html.
Open it with a double click: weights, test images and codes are in that one file. It
needs neither Python nor a server nor a network, and any web host serves it as it is.

A network without a model in outputs/ is named on the page with its command. A script
of your own appears there too if it has a build_autoencoder() and saves its model.
"""

import argparse
import base64
import importlib
import json
import math
from pathlib import Path
import sys

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import common
import keras
import numpy as np

IMAGES = 200  # test images on the page
CODES = 2000  # test images in the plane of the VAE

# What template.html can compute: the settings that a layer must have. Settings that
# are not named here do not matter, or are seen from the shapes, as the padding is.
ACTIVATIONS = ["linear", "relu", "sigmoid", "silu", "tanh"]
ONE = (1, 1)
LAYERS = {
    "Dense": {"use_bias": True},
    "Conv2D": {
        "use_bias": True,
        "dilation_rate": ONE,
        "groups": 1,
        "data_format": "channels_last",
    },
    "Conv2DTranspose": {
        "use_bias": True,
        "dilation_rate": ONE,
        "data_format": "channels_last",
    },
    "MaxPooling2D": {"data_format": "channels_last"},
    "UpSampling2D": {"interpolation": "nearest", "data_format": "channels_last"},
    "RepeatVector": {},
    "LSTM": {
        "use_bias": True,
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "go_backwards": False,
        "return_state": False,
    },
    "Flatten": {"data_format": "channels_last"},
    "Reshape": {},
    "Dropout": {},
}


def find_scripts(folder):
    """Return the names of the scripts in a folder that build an autoencoder."""
    return sorted(
        path.stem
        for path in folder.glob("*.py")
        if "\ndef build_autoencoder("
        in path.read_text(encoding="utf-8", errors="replace")
    )


def text(array):
    """Return the bytes of an array, little-endian, as base64."""
    array = np.ascontiguousarray(array)
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<"))).decode()


def describe_layer(layer, dtype):
    """Return what the page needs to compute a layer: kind, settings, shapes, weights.

    Raises:
        common.DataError: the page cannot compute it.
    """
    kind = type(layer).__name__
    config = layer.get_config()
    is_keras_own = type(layer) is getattr(keras.layers, kind, None)
    if kind not in LAYERS or not is_keras_own:
        name = kind if is_keras_own else f"{kind} of your own"
        known = ", ".join(LAYERS)
        raise common.DataError(f"the page has no layer {name}, only {known}")

    for setting, wanted in LAYERS[kind].items():
        found = config.get(setting, wanted)
        found = tuple(found) if isinstance(found, list) else found
        if found != wanted:
            raise common.DataError(
                f"in a layer {kind} the page knows {setting}={wanted} only, not {found}"
            )

    activation = config.get("activation", "linear")
    if activation not in ACTIVATIONS:
        name = activation if isinstance(activation, str) else "of your own"
        known = ", ".join(ACTIVATIONS)
        raise common.DataError(f"the page has no activation {name}, only {known}")

    # A kernel, a pool and an enlargement are all called size here, and are square.
    sizes = {"size": 1, "stride": 1}
    for setting in "kernel_size", "pool_size", "size", "strides":
        if setting in config:
            first, *rest = config[setting]
            if any(value != first for value in rest):
                raise common.DataError(
                    f"in a layer {kind} the page knows a square {setting} only, "
                    f"not {tuple(config[setting])}"
                )
            sizes["stride" if setting == "strides" else "size"] = first

    for shape in layer.input.shape[1:], layer.output.shape[1:]:
        if len(shape) == 3 and shape[0] != shape[1]:
            raise common.DataError(
                f"the page knows square maps only, and a layer {kind} has {shape}"
            )

    with np.errstate(over="ignore"):  # what is too large becomes infinite
        weights = [weight.astype(dtype) for weight in layer.get_weights()]
    if not all(np.isfinite(weight).all() for weight in weights):
        raise common.DataError(
            f"a layer {kind} has weights that are no numbers, or too large for float16"
        )
    return {
        "kind": kind,
        "activation": "linear" if kind == "LSTM" else activation,  # it has its own
        **sizes,
        "sequences": config.get("return_sequences", False),
        "input": layer.input.shape[1:],
        "output": layer.output.shape[1:],
        "weights": [text(weight) for weight in weights],
    }


def describe(model, dtype):
    """Return the layers of a model in which each reads the one before it.

    Raises:
        common.DataError: it is not such a chain, or has a layer unknown to the page.
    """
    layers = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
    tensor = model.inputs[0]
    for layer in layers:
        if layer.input is not tensor:
            raise common.DataError(
                f"the page knows chains of layers only, and {layer.name} does not read "
                "just the layer before it"
            )
        tensor = layer.output
    if tensor is not model.outputs[0]:
        raise common.DataError("the page knows no layer that is used twice")
    return [describe_layer(layer, dtype) for layer in layers]


def reason(error):
    """Return what an exception says, in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def reshape(images, shape):
    """Return images as a model takes them whose shape may have None, as an LSTM's."""
    sizes = [-1 if size is None else size for size in shape[1:]]
    return images.reshape(images.size // 784, *sizes)


def load_halves(name, path):
    """Return a trained model's encoder, with the code as its only output, and decoder.

    Raises:
        common.DataError: it cannot be read, or is no autoencoder of 28 x 28 pixels.
    """
    try:
        importlib.import_module(name)  # the script registers the layers of its own
    except (Exception, SystemExit) as error:  # whatever a reader's script does
        message = f"{name}.py cannot be imported: {reason(error)}"
        raise common.DataError(message) from error

    try:
        autoencoder = keras.saving.load_model(path, compile=False)
        encoder = autoencoder.get_layer("encoder")
        decoder = autoencoder.get_layer("decoder")

        # A variational encoder gives mean, log-variance and a draw: the code is the
        # mean, and without the two others it is a chain of layers like any other.
        variational = len(encoder.outputs) > 1
        code = keras.Model(encoder.inputs[0], encoder.outputs[0])
        decoder = keras.Model(decoder.inputs[0], decoder.outputs[0])
    except Exception as error:  # zipfile, h5py, json and Keras raise a dozen kinds
        raise common.DataError(f"cannot be read: {reason(error)}") from error

    for verb, shape in ("takes", code.input_shape), ("gives", decoder.output_shape):
        try:
            reshape(np.zeros(784), shape)
        except ValueError as error:
            message = f"{verb} images of shape {shape[1:]}, not 28 x 28"
            raise common.DataError(message) from error
    if variational and code.output_shape != (None, 2):
        raise common.DataError(
            f"has a code of {code.output_shape[-1]} numbers; the page shows a plane, "
            "which needs latent_dim = 2"
        )
    return code, decoder, variational


def read_report(path):
    """Return the test BCE and the seed that a script has written into its report.

    Raises:
        common.DataError: the file cannot be read, or has no such number.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        bce = float(report["bce"])
    except Exception as error:  # truncated, another encoding, no dict, no number
        raise common.DataError(f"{path} has no number bce: {error!r}") from error
    return bce, report.get("seed")


def measured_bce(name, encoder, decoder, x_test):
    """Return the test BCE, of noisy images where the script trains with noisy ones."""
    noise_factor = getattr(sys.modules[name], "noise_factor", 0)
    x_input = common.add_noise(x_test, noise_factor, seed=1) if noise_factor else x_test
    decoded_imgs = decoder.predict(encoder.predict(x_input, verbose=0), verbose=0)
    return common.binary_crossentropy(x_test, decoded_imgs.reshape(x_test.shape))


def describe_network(name, models, x_test, dtype):
    """Return all that the page knows about one network, and its test set's codes.

    Args:
        name: the script's.
        models: the folder with NAME.keras and, if there, NAME.json, its report.
        x_test: the test images, float32 in [0, 1], of shape (n, 28, 28).
        dtype: that of the weights on the page.

    Returns:
        a dict for the page, and codes of shape (n, 2), None without a plane.

    Raises:
        common.DataError: the page cannot compute this network.
    """
    path = models / f"{name}.keras"
    if not path.is_file():
        return {"name": name}, None

    try:
        encoder, decoder, variational = load_halves(name, path)
        layers = {
            "encoder": describe(encoder, dtype),
            "decoder": describe(decoder, dtype),
        }
    except common.DataError as error:
        raise common.DataError(f"{path}: {error}") from error

    x_test = reshape(x_test, encoder.input_shape)
    report_path = models / f"{name}.json"
    if report_path.is_file():
        bce, seed = read_report(report_path)
    else:
        bce, seed = measured_bce(name, encoder, decoder, x_test), None

    codes = encoder(x_test[: CODES if variational else IMAGES])
    codes = keras.ops.convert_to_numpy(codes)
    if not (math.isfinite(bce) and np.isfinite(codes).all()):
        raise common.DataError(f"{path}: its BCE, {bce}, or its code is no number")
    network = {
        "name": name,
        "bce": bce,
        "seed": seed if isinstance(seed, int) else None,
        "variational": variational,
        "limit": float(np.abs(codes[:IMAGES]).max()) or 1.0,  # of the bars' axis
        "signed": bool(codes[:IMAGES].min() < 0),
        **layers,
    }
    return network, codes if variational else None


def build(models, data=None, scripts=ROOT, dtype="float16"):
    """Return the page, as HTML.

    Args:
        models: the folder with the trained models, a Path.
        data: an .npz file as common.load_mnist takes it.
        scripts: the folder of the scripts.
        dtype: float16, or float32 for a page twice as large that agrees with Keras.

    Raises:
        common.DataError: a model or the data cannot be used.
    """
    _, (x_test, y_test) = common.load_mnist(data)
    labels = np.empty(0, np.uint8) if y_test is None else y_test
    is_number = labels.dtype.kind in "ui" and np.isin(labels, range(256)).all()
    if labels.shape not in [(0,), (len(x_test),)] or not is_number:
        raise common.DataError("y_test must be one whole number, 0 to 255, an image")
    page = {
        "dtype": dtype,
        "tests": text(np.rint(255 * x_test[:IMAGES]).astype(np.uint8)),
        "networks": [],
    }
    for name in find_scripts(scripts):
        network, codes = describe_network(name, models, x_test, dtype)
        page["networks"].append(network)
        if codes is not None:
            page["plane"] = {
                "network": name,
                "codes": text(codes.astype(dtype)),
                "labels": text(labels[:CODES].astype(np.uint8)),
            }

    template = (HERE / "template.html").read_text(encoding="utf-8")
    data_text = json.dumps(page, allow_nan=False)
    data_text = data_text.replace("<", "\\u003c")  # no </script> in the data
    return template.replace("{{data}}", data_text, 1)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=ROOT / "outputs",
        help="their folder (default: outputs)",
    )
    parser.add_argument("--data", help="an .npz file (default: data/mnist.npz)")
    parser.add_argument(
        "--out",
        type=Path,
        default=HERE / "index.html",
        help="the page to write (default: page/index.html)",
    )
    args = parser.parse_args(argv or [])

    if not args.models.is_dir():
        raise common.DataError(
            f"the folder {args.models} does not exist; python simple_ae.py makes it"
        )
    html = build(args.models, args.data)
    common.write_file(
        lambda file: file.write_text(html, encoding="utf-8", newline="\n"), args.out
    )
    print(f"{len(html) / 1e6:.1f} MB")


if __name__ == "__main__":
    common.run(main)
