"""The page, in a real browser, beside Keras.

Debian's `chromium` and playwright from PyPI (tests/requirements-page.txt) do it; where
one of them is missing, the tests are skipped. `python tests/test_page.py` takes the
pictures of page/index.html that the READMEs show.
"""

import importlib
import importlib.util
import json
import math
from pathlib import Path
import re
import shutil
import signal
import statistics
import sys

import keras
from keras import layers
import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
INDEX = PROJECT / "page" / "index.html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def build():
    spec = importlib.util.spec_from_file_location("build", PROJECT / "page/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def randomise(model, rng):
    """Give all weights values that a page which mixes up two of them gets wrong."""
    for weight in model.weights:
        if weight.dtype.startswith("float"):
            fan_in = math.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 4
            weight.assign(rng.normal(size=weight.shape) / math.sqrt(fan_in))


@pytest.fixture(scope="session")
def x_test(mnist):
    return mnist[1][0][:40]


@pytest.fixture(scope="session")
def data(tmp_path_factory, mnist):
    """The path of a small .npz file with the first 40 test images."""
    x, y = mnist[1]
    x = np.rint(255 * x[:40]).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "small.npz"
    np.savez(path, x_train=x, y_train=y[:40], x_test=x, y_test=y[:40])
    return path


@pytest.fixture(scope="session")
def models(tmp_path_factory, build):
    """A folder with an untrained model of each script, and the models themselves."""
    folder = tmp_path_factory.mktemp("models")
    autoencoders = {}
    for number, name in enumerate(build.find_scripts(PROJECT)):
        autoencoder, _, _ = importlib.import_module(name).build_autoencoder()
        randomise(autoencoder, np.random.default_rng(number))
        autoencoder.save(folder / f"{name}.keras")
        autoencoders[name] = autoencoder
        if name != "denoise_ae":
            (folder / f"{name}.json").write_text('{"bce": 0.12344, "seed": 3}')
    return folder, autoencoders


@pytest.fixture(scope="session")
def pages(tmp_path_factory, build, models, data):
    """The paths of pages: with the models as float16, as float32, and with none."""
    folder = tmp_path_factory.mktemp("pages")
    sources = {
        "float16": build.build(models[0], data),
        "float32": build.build(models[0], data, dtype="float32"),
        "untrained": build.build(folder, data),
    }
    for name, html in sources.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in sources}


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    if not CHROMIUM:
        pytest.skip("no chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """A function that opens a page and waits for its answers.

    After the test: nothing but the page itself was asked for, and nothing was reported.
    """
    opened, requests, messages = [], [], []

    def open_page(path, **options):
        page = browser.new_page(**options)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(path.as_uri())
        opened.append(path.as_uri())
        settle(page)
        return page

    yield open_page
    assert messages == []
    assert requests == opened


def settle(page):
    page.wait_for_function("waiting.length === 0")


def value(page, expression):
    """Evaluate an expression of the page; an array of it comes back as one of NumPy."""
    code = f"(x => ArrayBuffer.isView(x) ? {{array: Array.from(x)}} : x)({expression})"
    result = page.evaluate(code)
    return np.array(result["array"]) if isinstance(result, dict) else result


def shown(page, selector):
    """Return the image on a canvas, (28, 28), in [0, 1]."""
    rgba = page.locator(selector).evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data)"
    )
    return np.reshape(rgba, (28, 28, 4))[..., 0] / 255


def drag(page, selector, points):
    """Press the mouse at the first of points, 0 to 1 on an element, and move on."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    places = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()
    settle(page)


def arc(x, y, radius, start, end, points):
    """Return points on a circle from one angle to another, in half turns."""
    angles = np.pi * np.linspace(start, end, points)
    return [(x + radius * math.cos(a), y - radius * math.sin(a)) for a in angles]


def three(scale=1, x=0.0, y=0.0, points=8):
    """Return the points of a 3, 0 to 1 on the pad when scale is 1."""
    upper = arc(0.5, 0.31, 0.19, 0.85, -0.5, points)
    lower = arc(0.47, 0.69, 0.21, 0.5, -0.9, points)
    return [(x + scale * a, y + scale * b) for a, b in upper + lower]


def halves(autoencoder, images):
    """Return what Keras makes of images: codes and reconstructions."""
    images = np.reshape(images, (-1, *autoencoder.output_shape[1:]))
    codes = autoencoder.get_layer("encoder")(images)
    codes = codes[0] if isinstance(codes, list) else codes
    answers = autoencoder.get_layer("decoder")(codes)
    to_numpy = keras.ops.convert_to_numpy
    return to_numpy(codes), to_numpy(answers)


def decoded(autoencoder, code):
    """Return the image, (28, 28), that Keras decodes from one code."""
    decoder = autoencoder.get_layer("decoder")
    code = np.reshape(code, (1, *decoder.input_shape[1:]))
    return keras.ops.convert_to_numpy(decoder(code)).reshape(28, 28)


def assert_agrees(page, name, autoencoder, images, tolerance):
    for image, code, answer in zip(images, *halves(autoencoder, images), strict=True):
        pixels = image.ravel().tolist()
        page.evaluate("pixels => { test = Float32Array.from(pixels) }", pixels)
        page.evaluate(f"network = trained.find(each => each.name === '{name}')")
        page_code = value(page, "code = run(network.encoder, test)")
        page_answer = value(page, "run(network.decoder, code)")
        scale = max(1, np.abs(code).max())
        np.testing.assert_allclose(page_code, code.ravel(), atol=tolerance * scale)
        np.testing.assert_allclose(page_answer, answer.ravel(), atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float16", 2e-3)])
def test_all_networks_agree_with_keras(
    open_page, pages, models, x_test, dtype, tolerance
):
    page = open_page(pages[dtype])
    page.evaluate("var test, network, code")
    noisy = np.random.default_rng(0).random((28, 28), dtype=np.float32)
    images = [x_test[0], noisy, np.zeros((28, 28), np.float32)]
    assert value(page, "trained.length") == len(models[1]) >= 7
    for name, autoencoder in models[1].items():
        assert_agrees(page, name, autoencoder, images, tolerance)


def chain(encoder_layers, decoder_layers):
    """Return an autoencoder of 28 x 28 x 1 images from two lists of layers."""
    image = keras.Input((28, 28, 1))
    encoder = keras.Sequential([image, *encoder_layers])
    encoder = keras.Model(encoder.inputs[0], encoder.outputs[0], name="encoder")
    decoder = keras.Sequential([keras.Input(encoder.output_shape[1:]), *decoder_layers])
    decoder = keras.Model(decoder.inputs[0], decoder.outputs[0], name="decoder")
    return keras.Model(image, decoder(encoder(image)))


@pytest.fixture
def eighth(tmp_path, monkeypatch):
    """A function that saves a model as that of a script of the reader's own."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "eighth_ae", raising=False)
    (tmp_path / "eighth_ae.py").write_text("\ndef build_autoencoder(): ...\n")

    def save(autoencoder):
        autoencoder.save(tmp_path / "eighth_ae.keras")
        return tmp_path

    return save


def test_an_eighth_network_of_other_shapes(open_page, build, eighth, data, x_test):
    autoencoder = chain(
        [
            layers.Conv2D(3, 5, padding="valid", activation="silu"),  # 24 x 24
            layers.MaxPooling2D(5, strides=3, padding="same"),  # 8 x 8
            layers.Conv2D(4, 4, 3, padding="same", activation="tanh"),  # 3 x 3
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(2),
        ],
        [
            layers.Dense(12, activation="relu"),
            layers.Reshape((2, 2, 3)),
            layers.UpSampling2D(3),  # 6 x 6
            layers.Conv2DTranspose(2, 4, 2, padding="valid"),  # 14 x 14
            layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid"),
        ],
    )
    randomise(autoencoder, np.random.default_rng(8))
    folder = eighth(autoencoder)
    path = folder / "page.html"
    path.write_text(build.build(folder, data, scripts=folder, dtype="float32"))
    page = open_page(path)
    page.evaluate("var test, network, code")
    assert_agrees(page, "eighth_ae", autoencoder, x_test[:2], 1e-5)
    assert "eighth_ae" in page.locator("#answers").inner_text()
    assert page.locator("#planes").is_hidden()  # two numbers alone are no VAE


def with_skip():
    image = keras.Input((784,))
    code = layers.Dense(4)(image)
    code = layers.Add()([code, layers.Dense(4)(code)])
    encoder = keras.Model(image, code, name="encoder")
    inputs = keras.Input((4,))
    decoder = keras.Model(inputs, layers.Dense(784)(inputs), name="decoder")
    return keras.Model(image, decoder(encoder(image)))


def vae_of_three():
    image = keras.Input((784,))
    encoder = keras.Model(image, [layers.Dense(3)(image)] * 3, name="encoder")
    inputs = keras.Input((3,))
    decoder = keras.Model(inputs, layers.Dense(784)(inputs), name="decoder")
    return keras.Model(image, decoder(encoder(image)[0]))


def flat(*encoder_layers):
    return lambda: chain([*encoder_layers, layers.Flatten()], [layers.Dense(784)])


@keras.saving.register_keras_serializable("tests")
class Dense(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)


def of_two_channels():
    image = keras.Input((28, 28, 2))
    encoder = keras.Model(image, layers.Flatten()(image), name="encoder")
    inputs = keras.Input((1568,))
    decoder = keras.Model(inputs, layers.Dense(784)(inputs), name="decoder")
    return keras.Model(image, decoder(encoder(image)))


def twice():
    shared = layers.Dense(784)
    return chain([layers.Flatten(), shared, shared], [layers.Dense(784)])


def square(**options):
    return flat(layers.Conv2D(1, 3, **options))


def huge():
    autoencoder = flat(layers.Conv2D(1, 3))()
    autoencoder.weights[0].assign(autoencoder.weights[0] + 1e6)
    return autoencoder


REFUSED = {
    "no layer BatchNormalization": flat(layers.BatchNormalization()),
    "no activation gelu": square(activation="gelu"),
    "square kernel_size only, not (3, 5)": flat(layers.Conv2D(1, (3, 5))),
    "square strides only, not (1, 2)": flat(layers.MaxPooling2D(2, strides=(1, 2))),
    "dilation_rate=(1, 1) only, not (2, 2)": square(dilation_rate=2),
    "use_bias=True only, not False": square(use_bias=False),
    "interpolation=nearest only": flat(layers.UpSampling2D(interpolation="bilinear")),
    "chains of layers only": with_skip,
    "code of 3 numbers": vae_of_three,
    "not 28 x 28": lambda: chain([layers.Flatten()], [layers.Dense(783)]),
    "too large for float16": huge,
    "no layer Dense of your own": flat(Dense(9)),
    "used twice": twice,
    "square maps only, and a layer Reshape has (4, 8, 1)": lambda: chain(
        [layers.Flatten(), layers.Dense(32), layers.Reshape((4, 8, 1))],
        [layers.Flatten(), layers.Dense(784)],
    ),
    "takes images of shape (28, 28, 2)": of_two_channels,
}


@pytest.mark.parametrize(
    "labels", [np.array(3), np.arange(7), np.full(40, 256), np.full(40, 0.5)]
)
def test_labels_that_are_not_one_number_an_image_are_refused(
    build, data, tmp_path, labels
):
    with np.load(data) as arrays:
        np.savez(tmp_path / "labels.npz", **{**arrays, "y_test": labels})
    with pytest.raises(build.common.DataError, match="y_test must be one whole number"):
        build.build(tmp_path, tmp_path / "labels.npz", scripts=tmp_path)


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_the_page_cannot_compute_is_refused(build, eighth, data, sentence):
    folder = eighth(REFUSED[sentence]())
    with pytest.raises(build.common.DataError, match=re.escape(sentence)) as caught:
        build.build(folder, data, scripts=folder)
    assert "eighth_ae.keras: " in str(caught.value)


BROKEN_FILES = {
    "a truncated report": ("eighth_ae.json", b'{"bce": 0.1'),
    "no BCE": ("eighth_ae.json", b'{"seed": 0}'),
    "a BCE that is none": ("eighth_ae.json", b'{"bce": null}'),
    "a BCE that is no number": ("eighth_ae.json", b'{"bce": NaN}'),
    "no Python": ("eighth_ae.py", b"\ndef build_autoencoder(:\n"),
    "a missing package": ("eighth_ae.py", b"import no_such\n\ndef build_autoencoder("),
    "another encoding": ("eighth_ae.py", b"\ndef build_autoencoder(): '\xb4\xfa'\n"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_broken_file_beside_a_model(build, eighth, data, case):
    folder = eighth(flat()())
    name, content = BROKEN_FILES[case]
    (folder / name).write_bytes(content)
    with pytest.raises(build.common.DataError, match="eighth_ae") as caught:
        build.build(folder, data, scripts=folder)
    assert "\n" not in str(caught.value)


def test_images_in_and_out_may_have_different_shapes(build, eighth, data, x_test):
    autoencoder = flat()()
    folder = eighth(autoencoder)
    html = build.build(folder, data, scripts=folder)
    decoded_imgs = autoencoder.predict(x_test[..., np.newaxis], verbose=0)
    bce = build.common.binary_crossentropy(x_test.reshape(-1, 784), decoded_imgs)
    assert float(re.search(r'"bce": ([\d.]+)', html)[1]) == pytest.approx(bce)


def test_models_are_looked_for_beside_the_scripts(build, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    outputs = re.escape(str(tmp_path / "outputs"))
    with pytest.raises(build.common.DataError, match=outputs):
        build.main([])


def test_what_cannot_be_read_is_one_sentence(
    build, data, tmp_path, monkeypatch, capsys
):
    (tmp_path / "simple_ae.keras").write_bytes(b"no model")
    flags = ["--models", tmp_path, "--data", data, "--out", tmp_path / "page.html"]
    monkeypatch.setattr(sys, "argv", ["build.py", *map(str, flags)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as stopped:
        build.common.run(build.main)
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert (
        printed.startswith("build.py: ")
        and "simple_ae.keras: cannot be read" in printed
    )
    assert printed.count("\n") == 1
    assert not (tmp_path / "page.html").exists()
    with pytest.raises(build.common.DataError, match="no_folder does not exist"):
        build.main(["--models", "no_folder"])


DRAWINGS = {
    "large": three(),
    "small": three(0.3, 0.1, 0.1),
    "off-centre": three(0.5, 0.45, 0.4),
    "over the edge": [(x, y * 1.5 - 0.2) for x, y in three()],
    "flat": [(0.1, 0.5), (0.9, 0.5)],
}


def test_a_drawing_becomes_an_image_like_mnists(open_page, pages):
    page = open_page(pages["float16"])
    for name, points in DRAWINGS.items():
        page.click("#clear")
        drag(page, "#pad", points)
        image = value(page, "drawing.clean").reshape(28, 28)
        rows, columns = np.nonzero(image)
        strokes = np.array(page.evaluate("drawing.strokes[0]"))
        assert strokes.min() >= 0 and strokes.max() <= 1  # what is seen on the pad
        assert image.min() == 0 and image.max() == 1
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20, name
        for pixels in rows, columns:
            middle = np.average(pixels + 0.5, weights=image[rows, columns])
            assert 14 <= middle <= 15, name
    assert image[:, 14].sum() == pytest.approx(2.6, abs=0.05)  # a stroke's width

    page.click("#clear")
    drag(page, "#pad", [(0.2, 0.9)])
    dot = value(page, "drawing.clean").reshape(28, 28)
    assert dot.sum() == pytest.approx(np.pi * 1.3**2, rel=0.1)
    assert dot[14, 14] == 1

    page.click("#clear")
    settle(page)
    assert not shown(page, "#input canvas").any()
    assert "NaN" not in page.inner_text("#answers")


def test_one_finger_draws(open_page, pages):
    page = open_page(pages["float16"], has_touch=True)
    page.click("#clear")
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 150, box["y"] + 100)
    page.mouse.up(button="right")
    assert page.evaluate("drawing.strokes") == []

    touch = page.context.new_cdp_session(page)
    for step, kind in enumerate(["touchStart", "touchStart", "touchMove", "touchMove"]):
        first, second = [
            {"x": box["x"] + x + 9 * step, "y": box["y"] + 100, "id": x}
            for x in (60, 200)
        ]
        points = [first] if step == 0 else [first, second]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    (stroke,) = page.evaluate("drawing.strokes")
    across = [x * box["width"] for x, y in stroke]
    assert len(across) >= 3 and 55 < min(across) and max(across) < 100
    settle(page)


def test_mnists_own_images_come_back(open_page, pages, x_test):
    page = open_page(pages["float16"])
    rng = np.random.default_rng(0)
    errors = []
    for image in x_test:
        rows, columns = np.nonzero(image)
        box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        top, left = rng.integers(0, 30, 2)  # displaced, on a larger sheet
        sheet = np.pad(
            box, ((top, 50 - top - len(box)), (left, 50 - left - len(box[0])))
        )
        page.evaluate("pixels => { sheet = pixels }", sheet.ravel().tolist())
        errors.append(np.mean((value(page, "centred(sheet, 50)") - image.ravel()) ** 2))
    assert np.mean(errors) < 0.001


def test_test_images_noise_and_errors(open_page, pages, models, x_test):
    page = open_page(pages["float16"])
    page.fill("#number", "6")
    page.click("#next")
    settle(page)
    np.testing.assert_allclose(
        value(page, "drawing.input"), x_test[7].ravel(), atol=1e-6
    )
    for name, autoencoder in models[1].items():
        answer = halves(autoencoder, x_test[7])[1].reshape(28, 28)
        np.testing.assert_allclose(shown(page, f"#{name} canvas"), answer, atol=0.005)
        error = np.mean((answer - x_test[7]) ** 2)
        assert float(page.inner_text(f"#{name} .error")) == pytest.approx(
            error, abs=2e-4
        )

    for text, number in ("500", "39"), ("2.5", "2"), ("-3", "0"), ("", "0"):
        page.fill("#number", text)
        page.locator("#number").blur()
        assert page.input_value("#number") == number
        shown_image = value(page, "drawing.clean")
        np.testing.assert_allclose(shown_image, x_test[int(number)].ravel(), atol=1e-6)
    page.fill("#number", "2.5")
    page.click("#next")
    assert page.input_value("#number") == "3"
    assert "0 to 39" in page.inner_text("label:has(#number)")
    page.fill("#number", "7")
    settle(page)

    errors = [float(text) for text in page.locator("#answers .error").all_inner_texts()]
    best = page.locator("#answers .best .error").first.inner_text()
    assert float(best) == min(errors)

    page.fill("#noise", "0.5")
    settle(page)
    noise = value(page, "noise")
    assert noise.mean() == pytest.approx(0, abs=0.15)
    assert noise.std() == pytest.approx(1, abs=0.1)
    noisy = np.clip(x_test[7].ravel() + 0.5 * noise, 0, 1)
    np.testing.assert_allclose(value(page, "drawing.input"), noisy, atol=1e-6)
    answer = halves(models[1]["conv_ae"], np.float32(noisy))[1].reshape(28, 28)
    error = np.mean((answer - x_test[7]) ** 2)  # against the image without noise
    assert float(page.inner_text("#conv_ae .error")) == pytest.approx(error, abs=2e-4)
    page.fill("#noise", "0")
    settle(page)
    np.testing.assert_allclose(shown(page, "#input canvas"), x_test[7], atol=0.005)


def test_bars_can_be_pulled(open_page, pages, models):
    page = open_page(pages["float16"])
    code = value(page, "trained[0].code")
    assert value(page, "trained[0].name") == "simple_ae"
    drag(page, "#code", [(4.5 / 32, 0.8), (4.5 / 32, 0.3)])
    pulled = value(page, "pulled")
    high = 1.25 * value(page, "chosen.limit")
    assert pulled[4] == pytest.approx(min(code[4] + 0.5 * high, high), rel=0.02)
    assert (np.delete(pulled, 4) == np.delete(code, 4)).all()
    wanted = decoded(models[1]["simple_ae"], pulled)
    np.testing.assert_allclose(shown(page, "#out"), wanted, atol=0.005)

    page.keyboard.press("ArrowRight")  # the pressed canvas has the focus
    page.keyboard.press("ArrowUp")
    again = value(page, "pulled")
    assert again[5] == pytest.approx(min(code[5] + high / 30, high), rel=1e-4)
    assert page.input_value("#which") == "6"
    page.fill("#which", "32")
    page.locator("#value").fill(str(high))
    assert value(page, "pulled")[31] == pytest.approx(high, rel=1e-4)
    page.fill("#which", "500")
    page.locator("#which").blur()
    assert page.input_value("#which") == "32"
    page.click("#back")
    assert (value(page, "pulled") == code).all()
    assert page.locator("#back").is_disabled()


def test_maps_can_be_pulled(open_page, pages, models):
    page = open_page(pages["float16"])
    page.get_by_label("conv_ae").check()
    assert page.input_value("#which") == "81"  # the first map's row 2, column 2
    code = value(page, "chosen.code")
    # Number 77 of 4 x 4 x 8 is row 2, column 1 of map 5, the second in the lower row.
    width, height = page.evaluate("[$('code').clientWidth, $('code').clientHeight]")
    cell = (height / 2 - 4) / 4
    x = 1.5 * width / 4 + (1.5 - 2) * cell
    y = 1.5 * height / 2 + (2.5 - 2) * cell
    page.locator("#code").click(position={"x": x, "y": y})
    page.keyboard.press("ArrowDown")
    pulled = value(page, "pulled")
    assert (np.flatnonzero(pulled != code) == 77).all() and pulled[77] < code[77]
    wanted = decoded(models[1]["conv_ae"], pulled)
    np.testing.assert_allclose(shown(page, "#out"), wanted, atol=0.005)


def test_the_plane(open_page, pages, models, mnist, x_test):
    page = open_page(pages["float16"])
    vae = models[1]["vae"]
    codes = halves(vae, x_test)[0]
    scale = np.abs(codes).max()
    on_page = value(page, "plane.codes").reshape(-1, 2)
    np.testing.assert_allclose(on_page, codes, atol=2e-3 * scale)
    assert (value(page, "plane.labels") == mnist[1][1][:40]).all()

    assert value(page, "plane.point") == value(page, "onTheWay(0)")
    assert "one of 40 test images" in page.inner_text("#planename")
    limit = value(page, "plane.limit")
    drag(page, "#plane", [(0.75, 0.25)])
    np.testing.assert_allclose(value(page, "plane.point"), limit / 2, rtol=0.02)
    wanted = decoded(vae, value(page, "plane.point"))
    np.testing.assert_allclose(shown(page, "#born"), wanted, atol=0.005)
    page.keyboard.press("ArrowLeft")
    assert value(page, "plane.point[0]") == pytest.approx(limit * 0.475, rel=0.05)

    page.select_option("#from", "1")
    page.select_option("#to", "4")
    page.fill("#walk", "1")
    point = value(page, "plane.point")
    assert mnist[1][1][np.abs(codes - point).sum(axis=1).argmin()] == 4
    np.testing.assert_allclose(
        shown(page, "#strip :last-child"), decoded(vae, point), atol=0.005
    )
    yours = re.findall(r"[-\d.]+", page.inner_text("#yours").replace("−", "-"))
    np.testing.assert_allclose(np.float32(yours), codes[0], atol=0.006 * scale)


def test_a_digit_is_at_home_where_the_others_are_not(open_page, pages):
    page = open_page(pages["float16"])
    page.evaluate("plane.codes = Float32Array.of(0, 0, 0.1, 0, 0, 0.1, 0.1, 0.1, 2, 1)")
    page.evaluate("plane.labels = Uint8Array.of(4, 4, 9, 9, 4)")  # the last is alone
    assert page.evaluate("home(4)") == [2, 1]


# What protanopes and deuteranopes see of linear RGB (Machado et al., 2009).
SEEN = [
    np.eye(3),
    [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
]


def lab(linear):
    """Return CIELAB colours of linear RGB, both (n, 3)."""
    to_xyz = [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
    xyz = linear @ np.transpose(to_xyz) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def test_colour_blind_readers_tell_the_digits_apart(open_page, pages):
    colors = open_page(pages["float16"]).evaluate("COLORS")
    rgb = np.array([list(bytes.fromhex(color[1:])) for color in colors]) / 255
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    for seen in SEEN:
        colors = lab(np.clip(linear @ np.transpose(seen), 0, 1))
        apart = np.linalg.norm(colors[:, None] - colors, axis=-1)
        assert apart[np.triu_indices(10, 1)].min() > 25


def test_pictures_have_names(open_page, pages):
    page = open_page(pages["float16"], locale="en-US")
    for name in "in: 784 numbers", "out: 784 numbers", "vae: code":
        assert page.get_by_role("img", name=name).is_visible()


def test_back_to_the_page(browser, pages):
    page = browser.new_page()
    page.goto(pages["float16"].as_uri())
    settle(page)
    page.fill("#noise", "0.5")
    page.goto("about:blank")
    page.go_back()
    settle(page)
    assert float(page.input_value("#noise")) == float(page.inner_text("#level")) == 0


def test_both_languages(open_page, pages):
    page = open_page(pages["float16"], locale="zh-TW")
    assert page.inner_text("h1") == "畫一個數字"
    assert "Draw" not in page.inner_text("body")
    page.click("#language")
    assert page.inner_text("h1") == "Draw a digit"
    assert not re.findall(r"[一-鿿]+", page.inner_text("body").replace("中文", ""))
    only_one = page.evaluate(
        """() => Array.from(document.querySelectorAll("[lang='en'], [lang='zh-TW']"))
          .filter(text => text !== document.documentElement)
          .filter(text => !text.parentElement.querySelector(
            `:scope > [lang="${text.lang === "en" ? "zh-TW" : "en"}"]`))
          .map(text => text.textContent)"""
    )
    assert only_one == []
    assert page.evaluate("localStorage.getItem('language')") == "en"
    page.evaluate("localStorage.clear()")
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "zh-TW"


@pytest.mark.parametrize("locale", ["en-US", "zh-TW"])
def test_a_phone(open_page, pages, locale):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
    page = open_page(pages["float16"], **phone, locale=locale)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("#answers").bounding_box()["width"] < 340
    page.locator("#pad").tap()
    settle(page)
    assert value(page, "drawing.clean").sum() == pytest.approx(5.3, abs=0.6)


def test_commands_fit_on_a_phone(open_page, pages):
    phone = {"viewport": {"width": 360, "height": 740}}
    page = open_page(pages["untrained"], **phone)
    too_wide = page.evaluate(
        """() => Array.from(document.querySelectorAll("#answers code"))
          .filter(code => code.getBoundingClientRect().right
            > code.closest("figure").getBoundingClientRect().right)
          .map(code => code.textContent)"""
    )
    assert page.locator("#answers code").count() >= 7
    assert too_wide == []


@pytest.mark.parametrize("name", ["simple_ae", "vae"])
def test_nothing_jumps_while_drawing(open_page, pages, name):
    page = open_page(pages["float16"])
    page.get_by_role("radio", name=name).check()
    places = """() => {
      scrollTo(0, 0);
      return Array.from(document.querySelectorAll("body *"))
        .filter(element => getComputedStyle(element).display !== "inline")
        .filter(element => !element.matches(".bar > i"))
        .map(element => JSON.stringify(element.getBoundingClientRect()))
    }"""
    before = page.evaluate(places)
    drag(page, "#pad", three())
    page.click("#face")
    settle(page)
    assert page.evaluate(places) == before
    page.evaluate("trained.forEach(each => $(each.name).classList.toggle('best'))")
    assert page.evaluate(places) == before  # whichever is the best
    for end in 0, 1:  # whatever the number that is shown
        page.evaluate(f"pull(codeRange()[{end}])")
        assert page.evaluate(places) == before


def click_everywhere(page):
    """Click on every button, choose every choice, and click on a grid of points."""
    for number in range(page.locator("button, [type=radio], [tabindex]").count()):
        element = page.locator("button, [type=radio], [tabindex]").nth(number)
        if element.is_visible() and element.is_enabled():
            element.click(force=True)
            page.keyboard.press("ArrowUp")
    for field in "#number", "#which":
        for text in "", "-3", "1e9", "2.5":
            if page.locator(field).is_visible():
                page.fill(field, text)
    size = page.evaluate("[document.body.clientWidth, document.body.scrollHeight]")
    page.set_viewport_size({"width": 1280, "height": size[1] + 50})
    for x in range(10, size[0], 230):
        for y in range(10, size[1], 130):
            page.mouse.click(x, y)
    settle(page)


@pytest.mark.parametrize("name", ["untrained", "float16"])
def test_clicks_anywhere_raise_nothing(open_page, pages, models, name):
    page = open_page(pages[name])  # which looks for errors at the end
    click_everywhere(page)
    if name == "untrained":
        for script in models[1]:
            assert f"python {script}.py" in page.inner_text("#answers")
        assert "python vae.py" in page.inner_text("#noplane")


def test_a_sandboxed_frame(browser, pages, tmp_path):
    outer = tmp_path / "outer.html"
    source = pages["float16"].as_uri()
    outer.write_text(f'<iframe sandbox="allow-scripts" src="{source}"></iframe>')
    page = browser.new_page()
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(outer.as_uri())
    frame = page.frames[1]
    settle(frame)
    frame.click("#language")
    frame.click("#face")
    settle(frame)
    assert frame.inner_text("h1") == "畫一個數字"
    assert np.array(frame.evaluate("Array.from(trained[0].answer)")).any()
    assert messages == []


def test_time_of_an_update(open_page, pages):
    """Not judged, as it depends on the machine: pytest -s shows it."""
    page = open_page(pages["float16"])
    drag(page, "#pad", three())
    once = "() => { const start = performance.now(); trained.forEach(answer); "
    times = [
        page.evaluate(once + "return performance.now() - start }") for _ in range(9)
    ]
    print(f"all networks: {statistics.median(times):.0f} ms (median)")


def test_the_committed_page(open_page):
    html = INDEX.read_text(encoding="utf-8")
    template = (PROJECT / "page" / "template.html").read_text(encoding="utf-8")
    start, end = template.split("{{data}}")
    assert html.startswith(start) and html.endswith(end), "run python page/build.py"
    assert len(html.encode()) < 4e6
    page_data = json.loads(html[len(start) : -len(end)])
    for network in page_data["networks"]:
        record = json.loads((PROJECT / f"record/{network['name']}-0.json").read_text())
        assert network["seed"] == record["data"]["seed"] == 0
        assert network["bce"] == pytest.approx(record["data"]["bce"], abs=5e-5)
    page = open_page(INDEX)
    bces = page.locator("#networks td:nth-child(3)").all_inner_texts()
    assert [f"{float(bce):.4f}" for bce in bces] == bces and len(bces) >= 7
    assert "(2 to 1,568 of them)" in page.text_content("header + p")
    page.click("#clear")
    settle(page)
    for name, brightest in page.evaluate(
        "trained.map(({name, answer}) => [name, Math.max(...answer)])"
    ):
        assert (brightest > 0.5) == (name == "vae")  # it paints from an empty pad


def take_pictures():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        for name, locale in ("page.png", "en-US"), ("page.zh-TW.png", "zh-TW"):
            size = {"width": 1000, "height": 800}
            page = browser.new_page(viewport=size, locale=locale)
            page.goto(INDEX.as_uri())
            settle(page)
            drag(page, "#pad", three(points=30))
            page.mouse.move(0, 0)
            bottom = page.locator("section").first.bounding_box()
            height = bottom["y"] + bottom["height"] + 12
            clip = {"x": 0, "y": 0, "width": 1000, "height": height}
            path = PROJECT / "figures" / name
            page.screenshot(path=path, clip=clip, full_page=True)
            print(f"saved {path}")


if __name__ == "__main__":
    take_pictures()
