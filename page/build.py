"""Write the page on which a drawn digit goes through all the networks, in a browser.

    python page/build.py

reads the trained models in outputs/ (those of the scripts, and the two of
page/train.py) and writes page/index.html. Open it with a double click: words, code,
weights and test images are in that one file. It needs no Python, no server and no
network, and any web host serves it as it is.

The page is template.html with page.css and the .js files of this folder in it. The
weights are rounded to whole numbers of 8 bits, with a scale for each channel, and the
errors in the page's table are measured with the rounded weights. A network without a
model in outputs/ is named on the page with the command that trains it.
"""

import argparse
import ast
import base64
import importlib
import json
from pathlib import Path
import sys

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import common
import keras
from keras import ops
import numpy as np

IMAGES = 500  # test images on the page, each of them a digit in the planes
PCA_NUMBERS = 32  # as many as simple_ae.py's code has
JAVASCRIPT = ["words", "layers", "drawing", "paint", "page"]  # in this order
LAYERS = [  # that layers.js can compute
    "Dense",
    "Conv2D",
    "Conv2DTranspose",
    "MaxPooling2D",
    "UpSampling2D",
    "RepeatVector",
    "LSTM",
    "Flatten",
    "Reshape",
    "Dropout",
]


def find_scripts(folder):
    """Return the names of the scripts in a folder that build an autoencoder."""
    return sorted(
        path.stem
        for path in folder.glob("*.py")
        if "\ndef build_autoencoder(" in path.read_text(encoding="utf-8")
    )


def idea(path):
    """Return what the first line of a script's docstring says, in both languages.

    The line is "Its name: the idea. （它的重點）"; the Chinese may be missing.
    """
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first_line = docstring.partition("\n")[0]
    english, _, chinese = first_line.rpartition(": ")[2].partition("（")
    texts = {"en": english.strip().rstrip("."), "zh-TW": chinese.strip().rstrip("）")}
    return {language: text for language, text in texts.items() if text}


def as_text(array):
    """Return the bytes of an array, little-endian, as text of base 85.

    Five characters hold four bytes. "<" is written as ".", so that a page can hold it.
    """
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder("<"))
    return base64.b85encode(array.tobytes()).decode().replace("<", ".")


def without_runs_of_zeros(values):
    """Return bytes in which a run of zeros is written as 0 and the run's length.

    Most pixels of a digit are black: the test images take a third of the room.
    """
    result = bytearray()
    run = 0
    for value in bytes(values):
        if run and (value or run == 255):
            result += bytes([0, run])
            run = 0
        if value:
            result.append(value)
        else:
            run += 1
    if run:
        result += bytes([0, run])
    return np.frombuffer(bytes(result), np.uint8)


# ------------------------------------------------------------------------ weights


def round_weight(weight):
    """Return a weight as the page has it, and what the page will compute with.

    A vector, such as a bias, becomes float16. A matrix or a kernel becomes whole
    numbers from -127 to 127 and a scale, float16, for each index of its last axis.
    """
    if weight.ndim == 1:
        rounded = weight.astype(np.float16)
        return {"floats": as_text(rounded)}, rounded.astype(np.float32)

    largest = np.abs(weight).max(axis=tuple(range(weight.ndim - 1)), initial=0)
    scale = (largest / 127).astype(np.float16)
    scale = np.where(scale > 0, scale, np.float16(1))
    integers = np.rint(weight / scale.astype(np.float32)).clip(-127, 127)
    text = {"integers": as_text(integers.astype(np.int8)), "scale": as_text(scale)}
    return text, integers.astype(np.float32) * scale.astype(np.float32)


def describe_layer(layer):
    """Return what the page needs to compute a layer; round the layer's own weights.

    Raises:
        ValueError: the page does not know such a layer.
    """
    kind = type(layer).__name__
    if kind not in LAYERS:
        raise ValueError(f"{layer.name}: the page has no layer {kind}")

    config = layer.get_config()
    # A kernel, a pool and an enlargement are all called size here, and are square.
    sizes = {"size": 1, "stride": 1}
    for setting in "kernel_size", "pool_size", "size", "strides":
        if setting in config:
            sizes["stride" if setting == "strides" else "size"] = config[setting][0]

    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", "linear")
    texts_and_weights = [round_weight(weight) for weight in layer.get_weights()]
    layer.set_weights([rounded for _, rounded in texts_and_weights])
    return {
        "kind": kind,
        "activation": "linear" if kind == "LSTM" else name,  # an LSTM has its own
        **sizes,
        "sequences": config.get("return_sequences", False),
        "input": layer.input.shape[1:],
        "output": layer.output.shape[1:],
        "weights": [text for text, _ in texts_and_weights],
    }


def describe_chain(inputs, outputs):
    """Return the layers of a model in which each layer reads the one before it."""
    model = keras.Model(inputs, outputs)
    layers = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
    return [describe_layer(layer) for layer in layers]


# ----------------------------------------------------------------------- networks


def halves(autoencoder):
    """Return the encoder of an autoencoder, its code as the only output, and decoder.

    A variational encoder gives a mean, a log-variance and a draw: the code is the mean.
    """
    encoder = autoencoder.get_layer("encoder")
    decoder = autoencoder.get_layer("decoder")
    encoder = keras.Model(encoder.inputs[0], encoder.outputs[0])
    return encoder, keras.Model(decoder.inputs[0], decoder.outputs[0])


def measured_bce(encoder, decoder, x_input, x_test):
    """Return the codes of images and the BCE of what is decoded from them."""
    sizes = [-1 if size is None else size for size in encoder.input_shape[1:]]
    x_input = x_input.reshape(len(x_input), *sizes)
    codes = encoder.predict(x_input, batch_size=500, verbose=0)
    decoded_imgs = decoder.predict(codes, batch_size=500, verbose=0)
    bce = common.binary_crossentropy(x_test, decoded_imgs.reshape(x_test.shape))
    return codes.reshape(len(codes), -1), bce


def describe_network(name, autoencoder, x_test, noise_factor=0.0):
    """Return all that the page knows about one network, and the test set's codes."""
    encoder, decoder = halves(autoencoder)
    network = {
        "name": name,
        "encoder": describe_chain(encoder.inputs[0], encoder.outputs[0]),
        "decoder": describe_chain(decoder.inputs[0], decoder.outputs[0]),
    }
    outputs = autoencoder.get_layer("encoder").outputs
    if len(outputs) > 1:  # the layer of the log-variance, whose draw is not computed
        log_var_layer = outputs[1]._keras_history.operation
        network["spread"] = {**describe_layer(log_var_layer), "activation": "linear"}

    codes, network["bce"] = measured_bce(encoder, decoder, x_test, x_test)
    if noise_factor:  # what the script itself reports
        noisy = common.add_noise(x_test, noise_factor, seed=1)
        _, network["noisyBce"] = measured_bce(encoder, decoder, noisy, x_test)
    network["signed"] = bool(codes.min(initial=0) < 0)
    network["limit"] = float(np.abs(codes[:IMAGES]).max(initial=0)) or 1.0
    network["unused"] = np.flatnonzero((codes == 0).all(axis=0)).tolist()
    return network, codes


def pca_autoencoder(x_train):
    """Return PCA as an autoencoder: two Dense layers, each the other's transpose."""
    mean = x_train.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(x_train, rowvar=False))  # by rising variance
    components = vectors[:, : -PCA_NUMBERS - 1 : -1]  # (784, 32)

    def clip(x):
        return ops.clip(x, 0, 1)

    input_img = keras.Input((784,))
    code_layer = keras.layers.Dense(PCA_NUMBERS)
    encoder = keras.Model(input_img, code_layer(input_img), name="encoder")
    encoded_input = keras.Input((PCA_NUMBERS,))
    image_layer = keras.layers.Dense(784, activation=clip)
    decoder = keras.Model(encoded_input, image_layer(encoded_input), name="decoder")
    code_layer.set_weights([components, -mean @ components])
    image_layer.set_weights([components.T, mean])
    return keras.Model(input_img, decoder(encoder(input_img)))


def describe_mean(x_train, x_test):
    """Return the mean training image as a network with a code of no numbers."""
    text, mean = round_weight(x_train.mean(axis=0))
    dense = {"kind": "Dense", "activation": "linear"}
    no_kernel = {"integers": "", "scale": ""}
    sizes = {"input": (784,), "output": (0,)}
    encoder = {**dense, **sizes, "weights": [no_kernel, {"floats": ""}]}
    sizes = {"input": (0,), "output": (784,)}
    decoder = {**dense, **sizes, "weights": [no_kernel, text]}
    x_test = x_test.reshape(-1, 784)
    bce = common.binary_crossentropy(x_test, np.broadcast_to(mean, x_test.shape))
    return {"name": "mean", "encoder": [encoder], "decoder": [decoder], "bce": bce}


def describe_epochs(path, x_test):
    """Return simple_ae.py's network after each epoch that page/train.py has kept."""
    simple_ae = importlib.import_module("simple_ae")
    networks = []
    with np.load(path) as arrays:
        epochs = sorted({int(name.split("_")[1]) for name in arrays.files})
        for epoch in epochs:
            autoencoder, _, _ = simple_ae.build_autoencoder()
            autoencoder.set_weights(
                [
                    arrays[f"epoch_{epoch}_weight_{number}"]
                    for number in range(len(autoencoder.weights))
                ]
            )
            network, _ = describe_network("simple_ae", autoencoder, x_test)
            networks.append({**network, "epoch": epoch})
    return networks


# ----------------------------------------------------------------------- the page


def collect(models, data=None, scripts=ROOT):
    """Return all that the page knows, as a dict.

    Args:
        models: the folder with the trained models, a Path.
        data: an .npz file as common.load_mnist takes it.
        scripts: the folder of the scripts.
    """
    (x_train, _), (x_test, y_test) = common.load_mnist(data)
    pixels = np.rint(255 * x_test[:IMAGES]).astype(np.uint8)
    page = {
        "images": as_text(without_runs_of_zeros(pixels)),
        "labels": as_text(y_test[:IMAGES].astype(np.uint8)),
        "networks": [],
        "planes": [],
        "epochs": [],
    }

    for name in find_scripts(scripts):
        network = {"name": name}
        if (models / f"{name}.keras").is_file():
            script = importlib.import_module(name)  # it registers its own layers
            network, codes = describe_network(
                name,
                keras.saving.load_model(models / f"{name}.keras", compile=False),
                x_test,
                getattr(script, "noise_factor", 0.0),
            )
            if "spread" in network and codes.shape[1] == 2:
                page["planes"].append(plane(name, codes))
        page["networks"].append({**network, "idea": idea(scripts / f"{name}.py")})

    x_train = x_train.reshape(-1, 784)
    pca, _ = describe_network("pca", pca_autoencoder(x_train), x_test)
    for network in pca, describe_mean(x_train, x_test):
        page["networks"].append({**network, "baseline": True})

    if (models / "page_simple_ae_epochs.npz").is_file():
        page["epochs"] = describe_epochs(models / "page_simple_ae_epochs.npz", x_test)
    if (models / "page_plain2.keras").is_file():
        plain = keras.saving.load_model(models / "page_plain2.keras", compile=False)
        page["plain"], codes = describe_network("plain", plain, x_test)
        page["planes"].append(plane("plain", codes))
    return page


def plane(name, codes):
    """Return the codes of the page's test images, which are points of a plane."""
    return {"network": name, "codes": as_text(codes[:IMAGES].astype(np.float16))}


def join(page):
    """Return the page as HTML: the template with styles, code and data in it."""
    parts = {"page.css": (HERE / "page.css").read_text(encoding="utf-8")}
    for name in JAVASCRIPT:
        parts[f"{name}.js"] = (HERE / f"{name}.js").read_text(encoding="utf-8")
    # Without "<" the data cannot hold a </script>.
    parts["data"] = json.dumps(page, allow_nan=False).replace("<", "\\u003c")

    html = (HERE / "template.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        html = html.replace(f"{{{{{name}}}}}", text, 1)
    return html


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "outputs",
        help="the folder with the trained models (default: outputs)",
    )
    parser.add_argument("--data", help="an .npz file (default: data/mnist.npz)")
    parser.add_argument(
        "--page",
        type=Path,
        default=HERE / "index.html",
        help="the page to write (default: page/index.html)",
    )
    args = parser.parse_args(argv)
    if not args.out.is_dir():
        parser.error(f"there is no folder {args.out}: python simple_ae.py makes it")

    html = join(collect(args.out, args.data))
    # The mark at the start says UTF-8 even if a server says something else.
    args.page.write_text(html, encoding="utf-8-sig", newline="\n")
    print(f"saved {args.page}, {args.page.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
