"""What page/build.py and page/train.py choose and write, and the committed page."""

import subprocess

from conftest import ON_RECORD
import keras
import numpy as np
import page_tools
from page_tools import EPOCHS, build, build_autoencoder
import pytest
from record import leaves, read


def test_the_committed_weights_make_the_committed_page_again(tmp_path):
    """To round weights twice changes nothing; errors are of 10,000 images."""
    site = page_tools.read_site()
    arrays = {}
    for name, model in site.models.items():
        if name.startswith("epoch"):
            for number, weight in enumerate(model.get_weights()):
                arrays[f"{name.replace(' ', '_')}_weight_{number}"] = weight
        elif name != "pca":
            file = "page_plain2" if name == "plain" else name
            model.save(tmp_path / f"{file}.keras")
    np.savez(tmp_path / "page_simple_ae_epochs.npz", **arrays)

    html = build.join(build.collect(tmp_path)), build.join(site.page)
    made, kept = map(page_tools.page_data, html)
    for page in made, kept:
        page["networks"] = [x for x in page["networks"] if "bce" in x]  # are trained
        for network in page["networks"][-2:]:  # PCA and the mean: no weights were given
            del network["encoder"], network["decoder"]
    for own, plane in zip(made.pop("planes"), kept.pop("planes"), strict=True):
        codes = [page_tools.from_text(x.pop("codes"), "f2") for x in (own, plane)]
        np.testing.assert_allclose(*np.float64(codes), rtol=1e-3, atol=1e-3)
        assert own == plane
    for (place, own), (other, value) in zip(leaves(made), leaves(kept), strict=True):
        value = pytest.approx(value, rel=5e-5) if isinstance(own, float) else value
        assert (place, own) == (other, value)


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
    code = "withRunsOfZeros(bytes(text), 784 * 500)"
    pixels = page_tools.node(code, text=site.page["images"])
    assert (np.reshape(pixels, (-1, 28, 28)) == np.rint(255 * site.x_test)).all()
    assert (page_tools.from_text(site.page["labels"], "u1") == site.labels).all()


def test_the_committed_errors_are_near_those_before_weights_were_rounded():
    rows = read("page_models")["data"]["models"] | read("pca")["data"]["baselines"]
    rows |= {name: read(f"{name}-0")["data"] for name in ON_RECORD}
    names = {"pca": "PCA-32", "mean": "mean image"}
    names["plain"] = "plain autoencoder of two numbers, epoch 20"
    names |= {epoch: f"simple_ae, {epoch}" for epoch in EPOCHS}
    for name, network in page_tools.read_site().networks.items():
        after = network.get("noisyBce", network["bce"])
        before = rows[names.get(name, name)]["bce"]
        assert after == pytest.approx(before, abs=5e-4), name
