"""What page/build.py and page/train.py choose and write, and the committed page."""

import importlib
import json
import subprocess

import common
from conftest import ON_RECORD, PROJECT
import keras
import numpy as np
import page_tools
from page_tools import EPOCHS, MODELS, build, build_autoencoder, halves
import pytest


@pytest.fixture(scope="module")
def small(mnist):
    """A small data set: 40 training images; 40 test images on the page, 20 more."""
    images, labels = mnist[1]
    return (images[60:100], labels[60:100]), (images[:60], labels[:60])


@pytest.fixture(scope="module")
def built(small, tmp_path_factory):
    """A page built from other weights: its data, and models with its rounded weights.

    That they are rounded, channel by channel, is seen on the way.
    """
    site = page_tools.read_site()
    folder = tmp_path_factory.mktemp("built")
    rng = np.random.default_rng(0)
    models = {name: build_autoencoder(name) for name in [*MODELS, *EPOCHS[::-1]]}
    arrays = {}
    for name, model in models.items():
        weights = site.models[name].get_weights()
        model.set_weights([x * rng.normal(1, 0.01, x.shape) for x in weights])
        if name.startswith("epoch"):
            for number, weight in enumerate(model.get_weights()):
                arrays[f"{name.replace(' ', '_')}_weight_{number}"] = weight
        elif name != "pca":
            file = "page_plain2" if name == "plain" else name
            model.save(folder / f"{file}.keras")
    np.savez(folder / "page_simple_ae_epochs.npz", **arrays)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "IMAGES", 40)
        patch.setattr(common, "load_mnist", lambda path: small)
        page = build.collect(folder)

    for name, model in models.items():
        before = model.get_weights()
        page_tools.take_weights(model, page_tools.networks_of(page)[name])
        for weight, rounded in zip(before, model.get_weights()):
            if weight.ndim > 1 and name != "pca":
                channels = tuple(range(weight.ndim - 1))
                step = np.abs(weight).max(axis=channels) / 127
                # Plus what a tiny scale loses as float16.
                assert (np.abs(rounded - weight) <= 0.6 * step + 4e-6).all()
    return page, models


def bce(x, y):
    """The binary cross-entropy in float64, by its formula."""
    y = np.clip(y.astype(np.float64), 1e-7, 1 - 1e-7)
    return -np.mean(x * np.log(y) + (1 - x) * np.log(1 - y))


def assert_errors(network, autoencoder, images, **tolerance):
    """Check the errors of a network in the page against those that Keras gives."""
    answers = halves(autoencoder, images)[1]
    assert network["bce"] == pytest.approx(bce(images, answers), **tolerance)
    assert ("noisyBce" in network) == (network["name"] == "denoise_ae")
    if "noisyBce" in network:
        factor = importlib.import_module("denoise_ae").noise_factor
        noise = np.random.default_rng(1).standard_normal(images.shape, dtype=np.float32)
        answers = halves(autoencoder, np.clip(images + factor * noise, 0, 1))[1]
        assert network["noisyBce"] == pytest.approx(bce(images, answers), **tolerance)


def test_errors_and_codes_are_those_of_the_weights_in_the_page(built, small):
    page, models = built
    networks = page_tools.networks_of(page)
    x_test = small[1][0]
    for name, model in models.items():
        assert_errors(networks[name], model, x_test, rel=1e-4)
        codes = halves(model, x_test)[0].reshape(60, -1)
        assert networks[name]["signed"] == (codes < 0).any()
        assert networks[name]["unused"] == np.flatnonzero(~codes.any(axis=0)).tolist()
    assert networks["sparse_ae"]["unused"]
    assert [f"epoch {network['epoch']}" for network in page["epochs"]] == EPOCHS
    assert networks["simple_ae"]["idea"]["en"] == "one dense layer encodes, one decodes"
    assert all(networks[name]["idea"].keys() == {"en", "zh-TW"} for name in ON_RECORD)


def test_images_labels_and_codes_are_those_of_the_first_test_images(built, small):
    page, models = built
    x_test, labels = (array[:40] for array in small[1])
    code = "withRunsOfZeros(bytes(text), 784 * 40)"
    pixels = page_tools.node(code, text=page["images"])
    assert (np.reshape(pixels, (-1, 28, 28)) == np.rint(255 * x_test)).all()
    assert (page_tools.from_text(page["labels"], "u1") == labels).all()
    assert [plane["network"] for plane in page["planes"]] == ["vae", "plain"]
    for plane in page["planes"]:
        codes = page_tools.from_text(plane["codes"], "f2").astype(float).reshape(-1, 2)
        wanted = halves(models[plane["network"]], x_test)[0]
        np.testing.assert_allclose(codes, wanted, rtol=1e-3, atol=1e-3)


def test_pca_and_the_mean_are_those_of_the_training_images(built, small):
    networks = page_tools.networks_of(built[0])
    x_train, x = (images.reshape(-1, 784) for images, _ in small)
    mean = x_train.mean(axis=0)
    components = np.linalg.svd(x_train - mean, full_matrices=False)[2][:32]
    projected = np.clip(mean + (x - mean) @ components.T @ components, 0, 1)
    wanted = bce(x, projected), bce(x, np.broadcast_to(mean, x.shape))
    for name, error in zip(("pca", "mean"), wanted):
        assert networks[name]["bce"] == pytest.approx(error, rel=0.01)
        assert networks[name]["baseline"]


def test_an_unknown_layer_is_one_sentence():
    image = keras.Input((784,))
    layer = keras.layers.LayerNormalization(name="odd")
    with pytest.raises(ValueError, match="^odd: the page has no layer LayerNorm.*n$"):
        build.describe_chain(image, layer(image))


def test_the_models_that_only_the_page_needs(tmp_path, tiny_npz):
    flags = ["--epochs=2", "--batch-size=8", f"--out={tmp_path}", f"--data={tiny_npz}"]
    page_tools.train.main(flags)
    with np.load(tmp_path / "page_simple_ae_epochs.npz") as arrays:
        kernels = [arrays[f"epoch_{epoch}_weight_0"] for epoch in (0, 1, 2)]
    keras.utils.set_random_seed(0)
    fresh = build_autoencoder("simple_ae").get_weights()[0]
    np.testing.assert_array_equal(kernels[0], fresh)
    assert np.diff(kernels, axis=0).any(axis=(1, 2)).all()  # each has learned
    plain = keras.saving.load_model(tmp_path / "page_plain2.keras")
    kinds = {type(layer).__name__ for layer in plain.get_layer("encoder").layers}
    assert kinds == {"InputLayer", "Dense"} and plain.losses == []  # no draw, no KL
    numbers = json.loads((tmp_path / "page_models.json").read_text(encoding="utf-8"))
    row = numbers["models"]["plain autoencoder of two numbers, epoch 4"]
    _, (x_test, _) = common.load_mnist(tiny_npz)
    assert row["bce"] == pytest.approx(bce(x_test, halves(plain, x_test)[1]), rel=1e-4)


def test_html_is_valid(tmp_path):
    data = {"name": "</script><script>alert(1)"}
    html = build.join(data)
    assert page_tools.page_data(html) == data and html.count("</script><script>") == 0
    validate = page_tools.npm_file("html-validate/bin/html-validate.mjs")
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    command = ["node", validate, "--preset=standard", tmp_path / "page.html"]
    command += ["--rule=no-trailing-whitespace:off", "--rule=long-title:off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_committed_page_is_built_from_todays_files():
    site = page_tools.read_site()
    html = "\ufeff" + build.join(site.page)  # the mark says UTF-8 to everybody
    assert page_tools.INDEX.read_bytes() == html.encode(), "run python page/build.py"
    assert len(html) < 3e6
    assert list(site.networks) == [*ON_RECORD, "pca", "mean", *EPOCHS, "plain"]


@pytest.mark.parametrize("name", MODELS)
def test_the_committed_errors_are_those_of_10000_images(mnist, name):
    site = page_tools.read_site()
    network = site.networks[name]
    assert_errors(network, site.models[name], mnist[1][0], abs=5e-6)
    record = PROJECT / "record" / f"{name}-0.json"
    if record.is_file():  # of the weights before they were rounded
        before = json.loads(record.read_text(encoding="utf-8"))["data"]["bce"]
        after = network.get("noisyBce", network["bce"])
        assert after == pytest.approx(before, abs=5e-4)
