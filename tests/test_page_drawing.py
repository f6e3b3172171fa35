"""The page's JavaScript under node, without a browser: layers, drawings, words."""

import itertools
import json
import math
import re
import shutil

import keras
from keras import layers
import numpy as np
from page_tools import (
    PAGE,
    PROJECT,
    build,
    halves,
    log_var_layer,
    node,
    random_models,
    randomise,
    take_weights,
)
import pytest

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="no node")


def described(name, autoencoder, images):
    """Return a network as the page has it; the autoencoder gets its rounded weights."""
    network, _ = build.describe_network(name, autoencoder, images)
    take_weights(autoencoder, network)
    return network


ANSWERS = """(network => {
  const spread = network.spread ? [network.spread] : [];
  for (const layer of [...network.encoder, ...network.decoder, ...spread]) {
    layer.weights = layer.weights.map(readWeight);
  }
  return images.map(image => {
    const code = run(network.encoder, Float32Array.from(image));
    const answer = run(network.decoder, code);
    const spread = network.spread && spreadOf(network, Float32Array.from(image));
    return {code, answer, spread, length: codeLength(network)};
  });
})(network)"""


def assert_agrees(network, autoencoder, images):
    given = images.reshape(len(images), -1).tolist()
    codes, answers = halves(autoencoder, images)
    rows = node(ANSWERS, network=network, images=given)
    for row, code, answer in zip(rows, codes, answers, strict=True):
        scale = max(1, np.abs(code).max())
        np.testing.assert_allclose(row["code"], code.ravel(), atol=2e-5 * scale)
        np.testing.assert_allclose(row["answer"], answer.ravel(), atol=2e-5)
        assert row["length"] == code.size
    return rows


@pytest.fixture(scope="module")
def images(mnist):
    """A digit, noise everywhere, and nothing."""
    noisy = np.random.default_rng(0).random((28, 28), dtype=np.float32)
    return np.stack([mnist[1][0][0], noisy, np.zeros((28, 28), np.float32)])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return random_models(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("name", [*build.find_scripts(PROJECT), "plain"])
def test_networks_agree_with_keras(models, images, name):
    autoencoder = models[name]
    network = described(name, autoencoder, images)
    rows = assert_agrees(network, autoencoder, images)
    assert ("spread" in network) == (name == "vae")
    if name == "vae":
        flat = images.reshape(-1, 784)
        _, log_var, _ = autoencoder.get_layer("encoder")(flat)
        spread = np.exp(keras.ops.convert_to_numpy(log_var) / 2)
        np.testing.assert_allclose([row["spread"] for row in rows], spread, rtol=1e-4)
        layer = log_var_layer(autoencoder)  # so large that vae.py keeps it at 1
        layer.set_weights([layer.get_weights()[0], np.float32([50, -50])])
        (row, *_) = node(
            ANSWERS,
            network=described(name, autoencoder, images),
            images=flat[:1].tolist(),
        )
        np.testing.assert_allclose(row["spread"], np.exp([0.5, -5]), rtol=1e-6)


def test_an_eighth_network_of_other_shapes(images):
    image = keras.Input((28, 28, 1))
    encoder = keras.Sequential(
        [
            image,
            layers.Conv2D(3, 5, padding="valid", activation="silu"),  # 24 x 24
            layers.MaxPooling2D(5, strides=3, padding="same"),  # 8 x 8
            layers.Conv2D(4, 4, 3, padding="same", activation="tanh"),  # 3 x 3
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(2),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(12, activation="relu"),
            layers.Reshape((2, 2, 3)),
            layers.UpSampling2D(3),  # 6 x 6
            layers.Conv2DTranspose(2, 4, 2, padding="valid"),  # 14 x 14
            layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid"),
        ]
    )
    encoder = keras.Model(encoder.inputs[0], encoder.outputs[0], name="encoder")
    decoder = keras.Model(decoder.inputs[0], decoder.outputs[0], name="decoder")
    autoencoder = keras.Model(image, decoder(encoder(image)))
    randomise(autoencoder, 8)
    assert_agrees(described("eighth", autoencoder, images), autoencoder, images)


def test_the_mean_digit_is_painted_whatever_comes_in(images):
    train = np.random.default_rng(0).random((7, 784), dtype=np.float32)
    network = build.describe_mean(train, images)
    for row in node(ANSWERS, network=network, images=images.reshape(3, 784).tolist()):
        assert row["length"] == 0
        np.testing.assert_allclose(row["answer"], train.mean(axis=0), atol=1e-3)


def test_numbers_come_back_from_their_text():
    rng = np.random.default_rng(0)
    for length in range(1, 9):
        values = rng.integers(0, 256, length).astype(np.uint8)
        text = build.as_text(values)
        assert "<" not in text
        assert node("bytes(text)", text=text) == values.tolist()
    halves = np.float16([0, 1, -1.5, 65504, 6e-8, -0.1])
    assert node("floats(text)", text=build.as_text(halves)) == halves.tolist()

    pixels = np.zeros(900, np.uint8)
    pixels[[3, 4, 600]] = 7, 255, 1
    for values in pixels, pixels[3:601], np.zeros(0, np.uint8):
        text = build.as_text(build.without_runs_of_zeros(values))
        length = len(values)
        wanted = values.tolist()
        assert node("withRunsOfZeros(bytes(text), n)", text=text, n=length) == wanted


# ------------------------------------------------------------------------ drawings


def arc(x, y, radius, start, end, points):
    """Return points on a circle from one angle to another, in half turns."""
    angles = np.pi * np.linspace(start, end, points)
    return [(x + radius * math.cos(a), y - radius * math.sin(a)) for a in angles]


def three(scale=1, x=0.0, y=0.0, points=8):
    """Return the points of a 3, 0 to 1 on the pad when scale is 1."""
    upper = arc(0.5, 0.31, 0.19, 0.85, -0.5, points)
    lower = arc(0.47, 0.69, 0.21, 0.5, -0.9, points)
    return [(x + scale * a, y + scale * b) for a, b in upper + lower]


def to_mnist(strokes):
    return np.reshape(node("toMnist(strokes)", strokes=strokes), (28, 28))


DRAWINGS = {
    "large": three(),
    "small": three(0.3, 0.1, 0.1),
    "off-centre": three(0.5, 0.45, 0.4),
    "flat": [(0.1, 0.5), (0.9, 0.5)],
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_becomes_an_image_like_mnists(name):
    image = to_mnist([DRAWINGS[name]])
    rows, columns = np.nonzero(image)
    assert image.min() == 0 and image.max() == 1
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    for pixels in rows, columns:
        middle = np.average(pixels + 0.5, weights=image[rows, columns])
        assert 14 <= middle <= 15
    if name == "flat":
        assert image[:, 14].sum() == pytest.approx(2.6, abs=0.05)  # a stroke's width


def test_a_dot_stays_a_dot_and_nothing_stays_nothing():
    dot = to_mnist([[(0.2, 0.9)]])
    assert dot.sum() == pytest.approx(np.pi * 1.3**2, rel=0.1)
    assert dot[14, 14] == 1
    assert not to_mnist([]).any()


def test_strokes_are_painted_where_they_are():
    strokes = [[(3, 2), (11, 6.5)], [(15, 18.5), (14, 3), (19.9, 19.9)]]
    image = np.reshape(node("painted(strokes, 20)", strokes=strokes), (20, 20))
    rows, columns = np.indices((20, 20)) + 0.5
    wanted = np.zeros((20, 20))
    for stroke in strokes:
        for start, end in itertools.pairwise(stroke):
            (x1, y1), (x2, y2) = start, end
            length = math.hypot(x2 - x1, y2 - y1)
            along = ((columns - x1) * (x2 - x1) + (rows - y1) * (y2 - y1)) / length
            along = np.clip(along, 0, length) / length
            distance = np.hypot(
                columns - x1 - along * (x2 - x1), rows - y1 - along * (y2 - y1)
            )
            wanted = np.maximum(wanted, np.clip(1.3 + 0.5 - distance, 0, 1))
    np.testing.assert_allclose(image, wanted, atol=1e-6)


def test_a_long_scribble_is_no_error():
    count = (
        "toMnist([Array.from({length: 200000}, (_, i) => [i % 97 / 97, i % 89 / 89])])"
    )
    assert sum(node(count)) > 100
    assert node("isFarFrom([0.5, 0.5], undefined)") is True
    assert node("isFarFrom([0.5, 0.51], [0.5, 0.5])") is False  # a third of a pixel
    assert node("isFarFrom([0.5, 0.52], [0.5, 0.5])") is True


def test_mnists_own_images_come_back(mnist):
    rng = np.random.default_rng(0)
    errors = []
    sheets = []
    images = mnist[1][0][:40]
    for image in images:
        rows, columns = np.nonzero(image)
        box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        top, left = rng.integers(0, 30, 2)  # displaced, on a larger sheet
        padding = (top, 50 - top - len(box)), (left, 50 - left - len(box[0]))
        sheets.append(np.pad(box, padding).ravel().tolist())
    back = node("sheets.map(sheet => centred(sheet, 50))", sheets=sheets)
    errors = np.mean((np.array(back) - images.reshape(-1, 784)) ** 2, axis=1)
    assert errors.mean() < 0.001


def test_strokes_as_text_come_back_as_they_were():
    strokes = [[[0, 1], [0.5, 0.25]], [[1, 0]]]
    back = node("strokesFromText(strokesToText(strokes))", strokes=strokes)
    assert [len(stroke) for stroke in back] == [2, 1]
    for stroke, wanted in zip(back, strokes):
        np.testing.assert_allclose(stroke, wanted, atol=0.5 / 1295)
    on_grid = "strokes.map(stroke => stroke.map(point => point.map(onGrid)))"
    again = f"strokesFromText(strokesToText({on_grid}))"
    assert node(again, strokes=strokes) == node(on_grid, strokes=strokes)
    for text in "", "abc", "abcde", "abcd.", ".abcd", "ABCD", "ab d", "abcd..abcd":
        assert node("strokesFromText(text) === undefined", text=text) is True


def test_a_picture_is_new_each_time():
    assert node("PICTURES.face()[0] !== PICTURES.face()[0]") is True
    assert node("Object.keys(PICTURES)") == ["face", "letter"]


def test_noise_is_the_same_for_everybody():
    noise = np.array(node("[1, 2, 3, 1].map(noiseOf)"))
    assert (noise[0] == noise[3]).all()
    for one, other in (0, 1), (1, 2), (0, 2):
        assert abs(np.corrcoef(noise[one], noise[other])[0, 1]) < 0.12
    assert noise.mean() == pytest.approx(0, abs=0.06)
    assert noise.std() == pytest.approx(1, abs=0.05)
    assert np.abs(noise).max() < 5
    # T. Ettinger's generator with seed 1, as published.
    first = node("(random => [random(), random(), random()])(generator(1))")
    np.testing.assert_allclose(first, [0.6270739, 0.0027357, 0.5274470], atol=1e-6)
    noisy = node("withNoise([0.2, 0.5, 0.9], 0.5, [-1, 0.5, 1])")
    np.testing.assert_allclose(noisy, [0, 0.75, 1])


# ------------------------------------------------------- what is painted, and where


def test_the_sizes_of_a_network_are_drawn_to_scale():
    for numbers in 128, 1568:
        svg = node("hourglass(n)", n=numbers)
        top = re.search(r"M(\d+) 0H(\d+)", svg)
        assert int(top[2]) - int(top[1]) == 784
        assert float(re.search(r'rect x="[\d.]+" y="38" width="([\d.]+)"', svg)[1]) == (
            numbers
        )
    assert 'width="16"' in node("hourglass(2)")  # or nothing would be seen


def test_bars_of_errors_tell_digits_apart():
    widths = [
        float(node("errorBar(error)", error=error)[:-1])
        for error in (0, 0.0005, 0.002, 0.01, 0.05, 0.2, 1)
    ]
    assert widths[:2] == [0, 0] and widths[-2:] == [100, 100]
    assert widths[2] == pytest.approx(100 * math.log(4) / math.log(400), abs=0.1)
    assert all(b - a > 20 for a, b in itertools.pairwise(widths[1:-1]))


def test_blue_is_above_0_and_orange_below():
    assert node("[signedColor(2, 2), signedColor(-2, 2), signedColor(0, 2)]") == [
        [86, 180, 233],
        [230, 159, 0],
        [0, 0, 0],
    ]


def test_a_place_in_a_plane():
    assert node("onCanvas([1, 2], 4, 80)") == [50, 20]  # to the right, and up
    plane = {"codes": [1, 2, -3, -3], "limit": 4}
    given = {"plane": plane}
    assert node("digitAt([50 / 80, 20 / 80], plane, 80)", **given) == 0
    assert node("digitAt([11 / 80, 68 / 80], plane, 80)", **given) == 1
    assert node("digitAt([0.5, 0.5], plane, 80) === undefined", **given) is True
    codes = [*range(-49, 50), 9000]
    assert node("planeLimit(codes)", codes=codes) == pytest.approx(49 * 1.1)


def test_a_digit_is_at_home_where_the_others_are_not():
    plane = {"codes": [0, 0, 0.1, 0, 0, 0.1, 0.1, 0.1, 2, 1]}
    labels = [4, 4, 9, 9, 4]  # the last is alone
    assert node("home(4, plane, labels)", plane=plane, labels=labels) == [2, 1]


def test_a_number_is_found_where_it_is_painted():
    shape = [4, 3, 5]  # rows, columns, maps
    places = node(
        """Array.from({length: 60}, (_, number) => {
          const canvas = {clientWidth: 700, clientHeight: 260};
          const layout = mapLayout(shape, 700, 260);
          const [left, top] = cellCorner(number, shape, layout);
          const [x, y] = [left + layout.cell / 2, top + layout.cell / 2];
          const found = numberAt([x / 700, y / 260], canvas, shape);
          return [number, found, left, top, layout];
        })""",
        shape=shape,
    )
    assert all(number == found for number, found, *_ in places)
    corners = np.array([place[2:4] for place in places])
    cell = places[0][4]["cell"]
    # Number (row * 3 + column) * 5 + map: the next number is of the next map, the
    # next column is 5 numbers further, and the next row 15.
    assert corners[5] - corners[0] == pytest.approx([cell, 0])
    assert corners[15] - corners[0] == pytest.approx([0, cell])
    assert corners[1][0] - corners[0][0] >= 3 * cell
    assert node("numberAt([0.99, 0], null, [10])") == 9
    assert node("numberAt([1, 0], null, [10])") == 9


# --------------------------------------------------------------------------- words


def words():
    return node("WORDS")


def test_both_languages_say_everything():
    english, chinese = words()["en"], words()["zh-TW"]
    assert list(english) == list(chinese)
    same = {"pcaName", "inputSize", "listComma"}
    for key in english.keys() - same:
        holes = [set(re.findall(r"\{\w+\}", text[key])) for text in (english, chinese)]
        assert holes[0] == holes[1], key
        named = [
            set(re.findall(r"<code>.*?</code>", x[key])) for x in (english, chinese)
        ]
        assert named[0] == named[1], key
        assert not re.search(r"[一-鿿]", english[key]), key
        is_name = key in ("readme", "claims", "epoch", "epochText")
        assert re.search(r"[一-鿿]", chinese[key]) or is_name, key


def test_every_word_is_said_and_every_said_word_is_there():
    template = (PAGE / "template.html").read_text(encoding="utf-8")
    script = (PAGE / "page.js").read_text(encoding="utf-8")
    said = set(re.findall(r'data-(?:words|label)="(\w+)"', template))
    said |= set(re.findall(r'say\("(\w+)"', script))
    known = set(words()["en"])
    assert said <= known
    for key in known - said:  # those whose names are put together, or held
        stem = re.sub(r"\d+$|Name$|Idea$|(?<=^sort)\w+", "", key)
        assert stem in script or key.lower() in script.lower(), key


def test_the_lesson_leads_to_files_that_are_there():
    tasks = node("TASKS")
    assert len(tasks) == 5
    post = (PROJECT.parent / "shared" / "blog-post.txt").is_file()
    text = (PROJECT.parent / "shared/blog-post.txt").read_text("utf-8") if post else ""
    for task in tasks:
        assert (PROJECT / f"{task['script']}.py").is_file()
        assert (PROJECT / "claims" / f"{task['claim']}.py").is_file()
        assert not (post and task["post"]) or task["post"] in text
    for language in "en", "zh-TW":
        for key in "readme", "claims":
            assert (PROJECT / words()[language][key]).is_file()


def test_a_word_has_its_values_put_in():
    said = 'document = {documentElement: {lang: "en"}}, say("epochText", {epoch: 5})'
    assert node(f"(globalThis.{said})") == "epoch 5"


def test_the_data_cannot_end_the_script():
    html = build.join({"name": "</script><script>alert(1)"})
    assert "</script><script>alert(1)" not in html
    assert json.loads(
        re.search(r'type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    ) == {"name": "</script><script>alert(1)"}
