"""What the tests of the page share: random models, the page's data, node."""

import base64
import importlib
import importlib.util
import json
import math
import os
from pathlib import Path
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "page"
INDEX = PAGE / "index.html"
NODE = shutil.which("node")
SMALL = 40  # test images of the small data set

for folder in PROJECT, PAGE:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def load(name):
    """Return a program of page/ as a module."""
    spec = importlib.util.spec_from_file_location(f"page_{name}", PAGE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load("build")


def node(expression, **given):
    """Return what an expression is in JavaScript, with all files but page.js read.

    Args:
        expression: JavaScript; arrays of numbers come back as lists.
        given: values that it knows by their names.
    """
    if not NODE:
        pytest.skip("no node")
    names = [name for name in build.JAVASCRIPT if name != "page"]
    code = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in names]
    code += [f"var {name} = {json.dumps(value)};" for name, value in given.items()]
    as_list = "(_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)"
    code += [f"process.stdout.write(JSON.stringify({expression}, {as_list}) ?? 'null')"]
    done = subprocess.run(
        [NODE, "-"],
        check=False,
        input="\n".join(code),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def npm_file(path):
    """Return a file of a package of npm's, from a folder that NODE_PATH names."""
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        if folder and (Path(folder) / path).exists():
            return Path(folder) / path
    pytest.skip(f"no {path} in NODE_PATH")


def randomise(autoencoder, seed, gain=1.0):
    """Give all weights values that a page which mixes up two of them gets wrong."""
    rng = np.random.default_rng(seed)
    for weight in autoencoder.weights:
        if weight.dtype.startswith("float"):
            fan_in = math.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 4
            weight.assign(gain * rng.normal(size=weight.shape) / math.sqrt(fan_in))


def from_text(text, dtype):
    """Return the numbers that a text of base 85 holds."""
    return np.frombuffer(base64.b85decode(text.replace(".", "<")), f"<{dtype}")


def weight_of(text, shape):
    """Return a weight of the page as an array."""
    if "floats" in text:
        return from_text(text["floats"], "f2").astype(np.float32).reshape(shape)
    integers = from_text(text["integers"], "i1").astype(np.float32).reshape(shape)
    return integers * from_text(text["scale"], "f2").astype(np.float32)


def chain_of(model):
    """Return the layers of half an autoencoder that the page has, in their order."""
    mean = keras.Model(model.inputs[0], model.outputs[0])
    return [x for x in mean.layers if not isinstance(x, keras.layers.InputLayer)]


def take_weights(autoencoder, network):
    """Give an autoencoder the rounded weights that the page has of it."""
    for half in "encoder", "decoder":
        described = network[half]
        layers = chain_of(autoencoder.get_layer(half))
        for layer, row in zip(layers, described, strict=True):
            assert type(layer).__name__ == row["kind"]
            shapes = [weight.shape for weight in layer.weights]
            layer.set_weights(
                [weight_of(*pair) for pair in zip(row["weights"], shapes, strict=True)]
            )
    if "spread" in network:
        layer = log_var_layer(autoencoder)
        texts = network["spread"]["weights"]
        shapes = [weight.shape for weight in layer.weights]
        layer.set_weights([weight_of(*pair) for pair in zip(texts, shapes)])


def log_var_layer(autoencoder):
    """Return the layer of the log-variance of a variational autoencoder."""
    encoder = autoencoder.get_layer("encoder")
    return next(x for x in encoder.layers if x.output is encoder.outputs[1])


def halves(autoencoder, images):
    """Return what Keras makes of images: codes, (n, ...), and reconstructions."""
    images = np.reshape(images, (-1, *autoencoder.output_shape[1:]))
    codes = autoencoder.get_layer("encoder")(images)
    codes = codes[0] if isinstance(codes, list) else codes
    answers = autoencoder.get_layer("decoder")(codes)
    to_numpy = keras.ops.convert_to_numpy
    return to_numpy(codes), to_numpy(answers)


def decoded(autoencoder, code):
    """Return the image, (28, 28), that Keras decodes from one code."""
    decoder = autoencoder.get_layer("decoder")
    code = np.reshape(np.float32(code), (1, *decoder.input_shape[1:]))
    return keras.ops.convert_to_numpy(decoder(code)).reshape(28, 28)


def small_data(folder, mnist):
    """Write a small data set of MNIST's first test images; return its path."""
    x_test, y_test = mnist[1]
    x = np.rint(255 * x_test[: 2 * SMALL]).astype(np.uint8)
    y = y_test[: 2 * SMALL]
    path = folder / "small.npz"
    np.savez(
        path,
        x_train=x[SMALL:],
        y_train=y[SMALL:],
        x_test=x[:SMALL],
        y_test=y[:SMALL],
    )
    return path


def random_models(folder):
    """Save an autoencoder of each script, with random weights; return them by name.

    Beside them stand the two models of page/train.py, as "plain" and the epochs.
    """
    train = load("train")
    autoencoders = {}
    for seed, name in enumerate(build.find_scripts(PROJECT)):
        autoencoder, _, _ = importlib.import_module(name).build_autoencoder()
        randomise(autoencoder, seed, gain=1.7 if name == "vae" else 1.0)
        autoencoder.save(folder / f"{name}.keras")
        autoencoders[name] = autoencoder
    autoencoders["plain"] = train.build_plain_autoencoder()
    randomise(autoencoders["plain"], 50, gain=1.7)
    autoencoders["plain"].save(folder / "page_plain2.keras")

    arrays = {}
    for epoch in 10, 1, 0:  # in no order
        simple, _, _ = importlib.import_module("simple_ae").build_autoencoder()
        randomise(simple, 100 + epoch)
        autoencoders[f"epoch {epoch}"] = simple
        for number, weight in enumerate(simple.get_weights()):
            arrays[f"epoch_{epoch}_weight_{number}"] = weight
    np.savez(folder / "page_simple_ae_epochs.npz", **arrays)
    return autoencoders


def page_data(html):
    """Return the data in a page."""
    start = html.index('<script id="data" type="application/json">')
    start = html.index(">", start) + 1
    return json.loads(html[start : html.index("</script>", start)])
