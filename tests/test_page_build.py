"""What page/build.py and page/train.py choose and write, and the committed page."""

import importlib

import keras
import numpy as np
from page_tools import (
    INDEX,
    PAGE,
    PROJECT,
    SMALL,
    build,
    chain_of,
    from_text,
    halves,
    load,
    npm_file,
    page_data,
    random_models,
    small_data,
    take_weights,
    weight_of,
)
import pytest


@pytest.fixture(scope="module")
def built(tmp_path_factory, mnist):
    """A folder with random models, the models themselves, and the page's data."""
    folder = tmp_path_factory.mktemp("built")
    data = small_data(folder, mnist)
    models = random_models(folder)
    return folder, models, build.collect(folder, data)


def by_name(page):
    return {network["name"]: network for network in page["networks"]}


def bce_of(images, answers):
    answers = np.clip(answers.reshape(images.shape).astype(float), 1e-7, 1 - 1e-7)
    return -np.mean(images * np.log(answers) + (1 - images) * np.log(1 - answers))


def answers_of(network, autoencoder, images):
    """Return the test set, decoded by a model with the weights that the page has."""
    take_weights(autoencoder, network)
    images = images.reshape(len(images), *autoencoder.output_shape[1:])
    codes = autoencoder.get_layer("encoder").predict(images, verbose=0)
    codes = codes[0] if isinstance(codes, list) else codes
    return autoencoder.get_layer("decoder").predict(codes, verbose=0)


def test_weights_are_rounded_to_8_bits_a_channel(built):
    _, models, page = built
    for name in "conv_ae", "seq2seq_ae", "vae":
        network = by_name(page)[name]
        for half in "encoder", "decoder":
            layers = chain_of(models[name].get_layer(half))
            for layer, row in zip(layers, network[half], strict=True):
                for weight, text in zip(layer.get_weights(), row["weights"]):
                    read = weight_of(text, weight.shape)
                    if weight.ndim == 1:
                        np.testing.assert_allclose(read, weight, rtol=1e-3, atol=1e-6)
                        continue
                    assert np.abs(from_text(text["integers"], "i1")).max() == 127
                    axes = tuple(range(weight.ndim - 1))
                    step = np.abs(weight).max(axis=axes) / 127
                    assert (np.abs(read - weight) <= 0.6 * step).all()


def test_images_and_labels_are_the_first_of_the_test_set(built, mnist):
    page = built[2]
    written = from_text(page["images"], "u1")
    pixels, at = np.zeros(784 * SMALL), 0
    values = iter(written.tolist())
    for value in values:
        if value:
            pixels[at] = value
            at += 1
        else:
            at += next(values)
    assert at == 784 * SMALL
    wanted = np.rint(255 * mnist[1][0][:SMALL]).ravel()
    assert (pixels == wanted).all()
    assert (from_text(page["labels"], "u1") == mnist[1][1][:SMALL]).all()
    assert 200 <= build.IMAGES <= 1000


def test_codes_of_the_planes_are_means_of_clean_images(built, mnist):
    _, models, page = built
    assert [plane["network"] for plane in page["planes"]] == ["vae", "plain"]
    for plane in page["planes"]:
        codes = from_text(plane["codes"], "f2").astype(float).reshape(-1, 2)
        wanted = halves(models[plane["network"]], mnist[1][0][:SMALL])[0]
        np.testing.assert_allclose(codes, wanted, atol=0.03 * np.abs(wanted).max())


def test_errors_are_those_of_the_weights_in_the_page(built, mnist):
    _, _, page = built
    x_test = mnist[1][0][:SMALL]
    denoise_ae = importlib.import_module("denoise_ae")
    noise = np.random.default_rng(1).standard_normal(x_test.shape, dtype=np.float32)
    noisy = np.clip(x_test + denoise_ae.noise_factor * noise, 0, 1)
    for name in build.find_scripts(PROJECT):
        network = by_name(page)[name]
        autoencoder, _, _ = importlib.import_module(name).build_autoencoder()
        answers = answers_of(network, autoencoder, x_test)
        assert network["bce"] == pytest.approx(bce_of(x_test, answers), rel=1e-4)
        assert ("noisyBce" in network) == (name == "denoise_ae")
        if name == "denoise_ae":
            answers = answers_of(network, autoencoder, noisy)
            wanted = bce_of(x_test, answers)
            assert network["noisyBce"] == pytest.approx(wanted, rel=1e-4)


def test_what_is_known_of_a_code(built, mnist):
    _, models, page = built
    for name in "simple_ae", "vae":
        network = by_name(page)[name]
        codes = halves(models[name], mnist[1][0][:SMALL])[0]
        assert network["limit"] == pytest.approx(np.abs(codes).max(), rel=0.02)
        assert network["signed"] == (name == "vae")

    autoencoder, _, _ = importlib.import_module("simple_ae").build_autoencoder()
    layer = chain_of(autoencoder.get_layer("encoder"))[0]
    kernel, bias = layer.get_weights()
    layer.set_weights(
        [np.abs(kernel), bias + np.where(np.arange(32) % 5 == 3, -1e3, 1)]
    )
    network, _ = build.describe_network("simple_ae", autoencoder, mnist[1][0][:SMALL])
    assert network["unused"] == [3, 8, 13, 18, 23, 28]


def test_pca_and_the_mean_are_those_of_the_training_images(built, mnist):
    folder, _, page = built
    with np.load(folder / "small.npz") as arrays:
        x_train = arrays["x_train"].reshape(-1, 784) / 255
        x_test = arrays["x_test"].reshape(-1, 784) / 255
    mean = x_train.mean(axis=0)
    _, _, components = np.linalg.svd(x_train - mean, full_matrices=False)
    components = components[:32]
    wanted = np.clip(mean + (x_test - mean) @ components.T @ components, 0, 1)

    networks = by_name(page)
    kernel, bias = networks["pca"]["encoder"][0]["weights"]
    codes = x_test @ weight_of(kernel, (784, 32)) + weight_of(bias, 32)
    kernel, bias = networks["pca"]["decoder"][0]["weights"]
    answers = codes @ weight_of(kernel, (32, 784)) + weight_of(bias, 784)
    assert networks["pca"]["decoder"][0]["activation"] == "clip"
    answers = np.clip(answers, 0, 1)
    np.testing.assert_allclose(answers, wanted, atol=0.06)
    assert networks["pca"]["bce"] == pytest.approx(bce_of(x_test, answers), rel=1e-3)

    _, painted = networks["mean"]["decoder"][0]["weights"]
    np.testing.assert_allclose(weight_of(painted, 784), mean, atol=1e-3)
    guess = np.broadcast_to(mean, x_test.shape)
    assert networks["mean"]["bce"] == pytest.approx(bce_of(x_test, guess), rel=1e-2)
    for name, network in networks.items():
        assert bool(network.get("baseline")) == (name in ("pca", "mean"))


def test_epochs_come_in_their_order(built):
    _, models, page = built
    assert [network["epoch"] for network in page["epochs"]] == [0, 1, 10]
    for network in page["epochs"]:
        kernel = models[f"epoch {network['epoch']}"].get_weights()[0]
        text = network["encoder"][0]["weights"][0]
        np.testing.assert_allclose(weight_of(text, kernel.shape), kernel, atol=0.01)


def test_an_idea_is_the_first_line_of_a_docstring(built, tmp_path):
    script = tmp_path / "eighth_ae.py"
    lines = {
        '"""Eighth autoencoder: it counts. （會數數）"""': {
            "en": "it counts",
            "zh-TW": "會數數",
        },
        '"""Eighth autoencoder: it counts."""': {"en": "it counts"},
        '"""It counts."""': {"en": "It counts"},
        "": {},
    }
    for line, wanted in lines.items():
        script.write_text(line + "\n", encoding="utf-8")
        assert build.idea(script) == wanted
    for name, network in by_name(built[2]).items():
        assert set(network.get("idea", {"en", "zh-TW"})) == {"en", "zh-TW"}, name


def test_an_eighth_script_is_found(tmp_path, mnist):
    (tmp_path / "eighth_ae.py").write_text("\n\ndef build_autoencoder():\n    ...\n")
    (tmp_path / "other.py").write_text("x = 'def build_autoencoder('\n")
    page = build.collect(tmp_path, small_data(tmp_path, mnist), scripts=tmp_path)
    assert [network["name"] for network in page["networks"]] == [
        "eighth_ae",
        "pca",
        "mean",
    ]
    assert "encoder" not in page["networks"][0]
    assert page["planes"] == page["epochs"] == []


def test_an_unknown_layer_is_one_sentence(mnist):
    image = keras.Input((784,))
    code = keras.layers.LayerNormalization(name="odd")(image)
    encoder = keras.Model(image, code, name="encoder")
    inputs = keras.Input((784,))
    decoder = keras.Model(inputs, keras.layers.Dense(784)(inputs), name="decoder")
    autoencoder = keras.Model(image, decoder(encoder(image)))
    sentence = "^odd: the page has no layer LayerNormalization$"
    with pytest.raises(ValueError, match=sentence):
        build.describe_network("eighth", autoencoder, mnist[1][0][:2])


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        build.main(["--out", str(tmp_path / "nowhere")])
    assert stopped.value.code == 2
    assert "python simple_ae.py makes it" in capsys.readouterr().err


def test_the_models_that_only_the_page_needs(tmp_path, mnist):
    train = load("train")
    flags = ["--epochs", "2", "--batch-size", "8", "--out", str(tmp_path)]
    train.main([*flags, "--data", str(small_data(tmp_path, mnist))])
    with np.load(tmp_path / "page_simple_ae_epochs.npz") as arrays:
        kernels = {epoch: arrays[f"epoch_{epoch}_weight_0"] for epoch in (0, 1, 2)}
        assert len(arrays.files) == 3 * 4
    keras.utils.set_random_seed(0)
    fresh, _, _ = importlib.import_module("simple_ae").build_autoencoder()
    np.testing.assert_array_equal(kernels[0], fresh.get_weights()[0])
    assert not np.allclose(kernels[0], kernels[1])
    assert not np.allclose(kernels[1], kernels[2])

    plain = keras.saving.load_model(tmp_path / "page_plain2.keras")
    encoder = plain.get_layer("encoder")
    assert encoder.output_shape == (None, 2)
    kinds = {type(layer).__name__ for layer in encoder.layers}
    assert kinds == {"InputLayer", "Dense"}  # no draw
    assert plain.losses == []  # no KL

    import json

    numbers = json.loads((tmp_path / "page_models.json").read_text(encoding="utf-8"))
    x_test = mnist[1][0][:SMALL].reshape(-1, 784)
    row = numbers["models"]["plain autoencoder of two numbers, epoch 4"]
    answers = plain.predict(x_test, verbose=0)
    assert row["bce"] == pytest.approx(bce_of(x_test, answers), rel=1e-4)
    assert row["mse"] == pytest.approx(np.mean((answers - x_test) ** 2), rel=1e-4)


# --------------------------------------------------------------- the committed page


@pytest.fixture(scope="module")
def committed():
    return page_data(INDEX.read_text(encoding="utf-8-sig"))


def test_the_committed_page_is_built_from_todays_files(committed):
    html = INDEX.read_text(encoding="utf-8-sig")
    assert html == build.join(committed), "run python page/build.py"
    assert INDEX.stat().st_size < 3e6
    assert INDEX.read_bytes().startswith(b"\xef\xbb\xbf")  # says UTF-8 to everybody
    names = [network["name"] for network in committed["networks"]]
    assert names == [*build.find_scripts(PROJECT), "pca", "mean"]
    assert [network["epoch"] for network in committed["epochs"]] == [0, 1, 2, 5, 10]
    assert len(committed["planes"]) == 2


@pytest.mark.parametrize("name", [*build.find_scripts(PROJECT), "pca", "plain"])
def test_the_committed_errors_are_those_of_10000_images(committed, mnist, name):
    (x_train, _), (x_test, _) = mnist
    if name == "plain":
        network = committed["plain"]
        autoencoder = load("train").build_plain_autoencoder()
    else:
        network = by_name(committed)[name]
        script = None if name == "pca" else importlib.import_module(name)
        autoencoder = (
            build.pca_autoencoder(x_train[:2000].reshape(-1, 784))
            if script is None
            else script.build_autoencoder()[0]
        )
    answers = answers_of(network, autoencoder, x_test)
    assert f"{bce_of(x_test, answers):.4f}" == f"{network['bce']:.4f}"
    if name == "denoise_ae":
        noisy = build.common.add_noise(x_test, script.noise_factor, seed=1)
        answers = answers_of(network, autoencoder, noisy)
        assert f"{bce_of(x_test, answers):.4f}" == f"{network['noisyBce']:.4f}"


@pytest.mark.parametrize("name", build.find_scripts(PROJECT))
def test_rounding_to_8_bits_costs_little(committed, name):
    import json

    path = PROJECT / "record" / f"{name}-0.json"
    if not path.is_file():
        pytest.skip("not on record")
    numbers = json.loads(path.read_text(encoding="utf-8"))
    numbers = numbers.get("numbers", numbers.get("data", numbers))
    if "bce" not in numbers:
        pytest.skip("no bce in the record")
    network = by_name(committed)[name]
    rounded = network.get("noisyBce", network["bce"])
    assert rounded == pytest.approx(numbers["bce"], abs=5e-4)


def test_html_is_valid(tmp_path):
    import shutil
    import subprocess

    if not shutil.which("node"):
        pytest.skip("no node")
    validate = npm_file("html-validate/bin/html-validate.mjs")
    page = tmp_path / "page.html"
    page.write_text(build.join({}), encoding="utf-8")
    rules = tmp_path / ".htmlvalidate.json"
    rules.write_text(
        '{"root": true, "extends": ["html-validate:standard"],'
        ' "rules": {"no-trailing-whitespace": "off", "long-title": "off"}}'
    )
    done = subprocess.run(
        ["node", validate, page], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_language_is_one_entry():
    script = (PAGE / "page.js").read_text(encoding="utf-8")
    assert "中文" not in script and 'lang === "' not in script
