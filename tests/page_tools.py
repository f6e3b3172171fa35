"""What the tests of the page share: page/index.html as data and as models, and node."""

import base64
import functools
import importlib
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import common
from conftest import ON_RECORD, PROJECT
import keras
import numpy as np
import pytest

PAGE = PROJECT / "page"
INDEX = PAGE / "index.html"
MODELS = [*ON_RECORD, "pca", "plain"]
EPOCHS = [f"epoch {epoch}" for epoch in (0, 1, 2, 5, 10)]

sys.path.insert(0, str(PAGE))

import build
import train


def build_autoencoder(name):
    """Return a network of the page, by its name there, with weights of no meaning."""
    if name == "plain":
        return train.build_plain_autoencoder()
    if name == "pca":
        return build.pca_autoencoder(np.random.default_rng(0).random((50, 784)))
    script = "simple_ae" if name.startswith("epoch") else name
    return importlib.import_module(script).build_autoencoder()[0]


def from_text(text, dtype):
    """Return the numbers that a text of base 85 holds."""
    return np.frombuffer(base64.b85decode(text.replace(".", "<")), f"<{dtype}")


def weight_of(text, shape):
    """Return a weight of the page as an array."""
    if "floats" in text:
        return from_text(text["floats"], "f2").astype(np.float32).reshape(shape)
    integers = from_text(text["integers"], "i1").astype(np.float32).reshape(shape)
    return integers * from_text(text["scale"], "f2").astype(np.float32)


def take_weights(autoencoder, network):
    """Give an autoencoder the rounded weights that the page has of it."""
    pairs = []
    for half, chain in zip(("encoder", "decoder"), build.halves(autoencoder)):
        layers = [x for x in chain.layers if not isinstance(x, keras.layers.InputLayer)]
        pairs += zip(layers, network[half], strict=True)
    if "spread" in network:
        encoder = autoencoder.get_layer("encoder")
        (log_var,) = [x for x in encoder.layers if x.output is encoder.outputs[1]]
        pairs.append((log_var, network["spread"]))
    for layer, described in pairs:
        assert type(layer).__name__ == described["kind"]
        texts = zip(described["weights"], layer.weights, strict=True)
        layer.set_weights([weight_of(text, weight.shape) for text, weight in texts])


def halves(autoencoder, images):
    """Return what Keras makes of images: codes, (n, ...), and images, (n, 28, 28)."""
    images = np.reshape(images, (-1, *autoencoder.output_shape[1:]))
    parts = []
    for part in np.split(images, range(500, len(images), 500)):
        codes = autoencoder.get_layer("encoder")(part)
        codes = codes[0] if isinstance(codes, list) else codes
        answers = autoencoder.get_layer("decoder")(codes)
        parts.append([keras.ops.convert_to_numpy(x) for x in (codes, answers)])
    codes, answers = map(np.concatenate, zip(*parts))
    return codes, answers.reshape(-1, 28, 28)


def page_data(html):
    """Return the data in a page."""
    return json.loads(re.search(r'type="application/json">(.*?)</script>', html)[1])


def networks_of(page):
    """Return the networks in the data of a page by name: "vae", "plain", "epoch 0"."""
    networks = {network["name"]: network for network in page["networks"]}
    epochs = {f"epoch {network['epoch']}": network for network in page["epochs"]}
    return {**networks, **epochs, "plain": page["plain"]}


@functools.cache
def read_site():
    """Read page/index.html: its data `page`, the `networks` and the test images in it.

    Its `models` are Keras's, with the weights that the page has.
    """
    page = page_data(INDEX.read_text(encoding="utf-8-sig"))
    site = SimpleNamespace(page=page, networks=networks_of(page), models={})
    for name in [*MODELS, *EPOCHS]:
        site.models[name] = build_autoencoder(name)
        take_weights(site.models[name], site.networks[name])
    _, (x_test, labels) = common.load_mnist()
    site.x_test, site.labels = x_test[: build.IMAGES], labels[: build.IMAGES]
    return site


def node(expression, **given):
    """Return what an expression is in JavaScript, with all files but page.js read.

    It knows the given values by their names; arrays of numbers come back as lists.
    """
    if not shutil.which("node"):
        pytest.skip("no node")
    names = [name for name in build.JAVASCRIPT if name != "page"]
    code = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in names]
    code += [f"var {name} = {json.dumps(value)};" for name, value in given.items()]
    as_list = "(_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)"
    code += [f"process.stdout.write(JSON.stringify({expression}, {as_list}) ?? 'null')"]
    given = {"input": "\n".join(code), "capture_output": True, "encoding": "utf-8"}
    done = subprocess.run(["node", "-"], check=False, **given)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def npm_file(path):
    """Return a file of a package of npm's, from a folder that NODE_PATH names."""
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        if folder and (Path(folder) / path).exists():
            return Path(folder) / path
    pytest.skip(f"no {path} in NODE_PATH")
