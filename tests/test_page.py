"""The page in real browsers: Debian's chromium and firefox-esr, driven by playwright.

tests/requirements-page.txt has playwright from PyPI. Where a browser is missing, its
tests are skipped. `python tests/test_page.py` takes the pictures of page/index.html
that the READMEs show, and `python tests/test_page.py speed` measures its redraws.
"""

import re
import shutil
import statistics
import sys

import numpy as np
from page_tools import (
    INDEX,
    PROJECT,
    SMALL,
    build,
    decoded,
    halves,
    log_var_layer,
    npm_file,
    random_models,
    small_data,
    take_weights,
)
import pytest
from test_page_drawing import three

EXECUTABLES = {
    "chromium": shutil.which("chromium") or shutil.which("chromium-browser"),
    "firefox": shutil.which("firefox-esr") or shutil.which("firefox"),
}
IN_CHROMIUM = pytest.mark.parametrize("browser", ["chromium"], indirect=True)
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
SCREEN = {"viewport": {"width": 1280, "height": 720}}


@pytest.fixture(scope="session")
def x_test(mnist):
    return mnist[1][0][:SMALL]


@pytest.fixture(scope="session")
def labels(mnist):
    return mnist[1][1][:SMALL]


@pytest.fixture(scope="session")
def site(tmp_path_factory, mnist):
    """The path of a page of random models, the models as it has them, and its data."""
    folder = tmp_path_factory.mktemp("site")
    data = small_data(folder, mnist)
    models = random_models(folder)
    # A spread that is seen beside the digits of the plane.
    layer = log_var_layer(models["vae"])
    layer.set_weights([0.1 * layer.get_weights()[0], np.float32([-1, -3])])
    models["vae"].save(folder / "vae.keras")

    page = build.collect(folder, data)
    (folder / "index.html").write_text(build.join(page), encoding="utf-8-sig")
    for network in page["networks"]:
        if network["name"] in models:
            take_weights(models[network["name"]], network)
    for network in page["epochs"]:
        take_weights(models[f"epoch {network['epoch']}"], network)
    take_weights(models["plain"], page["plain"])
    return folder / "index.html", models, page


@pytest.fixture(scope="session")
def playwright():
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    with sync_api.sync_playwright() as playwright:
        yield playwright


def launch(playwright, name):
    # Playwright drives its own Firefox, or with this word one that is installed.
    channel = {"channel": "moz-firefox"} if name == "firefox" else {}
    kind = getattr(playwright, name)
    return kind.launch(executable_path=EXECUTABLES[name], **channel)


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def browser(request, playwright):
    if not EXECUTABLES[request.param]:
        pytest.skip(f"no {request.param}")
    browser = launch(playwright, request.param)
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser, site):
    """A function that opens the page and waits for its answers.

    After the test: nothing but the page itself was asked for, and nothing was reported.
    """
    contexts, requests, messages = [], [], []

    def open_page(address="", path=site[0], **options):
        context = browser.new_context(**{"locale": "en-US", **SCREEN, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(path.as_uri() + address)
        settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert messages == []
    own = site[0].as_uri()
    assert [
        url for url in requests if url.partition("#")[0] not in (own, INDEX.as_uri())
    ] == []


def settle(page):
    """Wait until all networks have answered."""
    page.evaluate(
        """() => new Promise(resolve => {
          const look = () => {
            if (waiting.length > 0) requestAnimationFrame(look);
            else resolve();
          };
          look();
        })"""
    )


def address(page):
    """Return the address when it has been written."""
    page.evaluate(
        """() => new Promise(resolve => {
          const look = () => (location.hash === `#${address()}`
            ? resolve() : requestAnimationFrame(look));
          look();
        })"""
    )
    return page.evaluate("location.hash")


def value(page, expression):
    """Evaluate an expression of the page; an array of it comes back as one of NumPy."""
    code = f"(x => ArrayBuffer.isView(x) ? {{array: Array.from(x)}} : x)({expression})"
    result = page.evaluate(code)
    return np.array(result["array"]) if isinstance(result, dict) else result


def shown(page, selector):
    """Return the image on a canvas, (28, 28), in [0, 1]."""
    return pixels(page, selector)[..., 0] / 255


def pixels(page, selector):
    """Return all pixels of a canvas, (rows, columns, 4)."""
    values = page.evaluate(
        """selector => {
          const canvas = document.querySelector(selector);
          const {width, height} = canvas;
          const copy = Object.assign(document.createElement("canvas"), {width, height});
          const context = copy.getContext("2d", {willReadFrequently: true});
          context.drawImage(canvas, 0, 0);
          const {data} = context.getImageData(0, 0, width, height);
          return [height, width, Array.from(data)];
        }""",
        selector,
    )
    return np.reshape(values[2], (values[0], values[1], 4))


def look_like(page, selector, image):
    np.testing.assert_allclose(shown(page, selector), image, atol=0.005)


def place(page, selector, point):
    """Scroll to an element; return where a point, 0 to 1 on it, is on the screen."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def drag(page, selector, points, end=True):
    """Press the mouse at the first of points, 0 to 1 on an element, and move on."""
    places = [place(page, selector, point) for point in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for where in places[1:]:
        page.mouse.move(*where)
    if end:
        page.mouse.up()
    settle(page)


def is_visible_on_first_screen(page, selector):
    box = page.locator(selector).bounding_box()
    size = page.viewport_size
    return (
        page.evaluate("scrollY") == 0
        and box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


# ------------------------------------------------------------ drawings and answers


def test_all_answers_are_painted(open_page, site, x_test):
    page = open_page("#image=7")
    _, models, data = site
    look_like(page, "#input", x_test[7])
    for network in data["networks"]:
        name = network["name"]
        if name in models:
            answer = halves(models[name], x_test[7])[1].reshape(28, 28)
            look_like(page, f"#answer-{name}", answer)
            error = np.mean((answer - x_test[7]) ** 2)
            text = page.inner_text(f"#tile-{name} .error")
            assert float(text) == pytest.approx(error, abs=6e-5)
    errors = page.locator("#answers .error").all_inner_texts()
    best = page.locator("#answers .best .error").all_inner_texts()
    assert best == [min(errors, key=float)]
    assert best[0] in page.text_content("#summary")
    assert page.locator("#tile-denoise_ae .sizes").inner_text() == "784 → 1568 → 784"
    assert page.locator("#tile-mean .sizes").inner_text() == "784 → 0 → 784"
    widths = page.locator("#answers .bar i").evaluate_all(
        "bars => bars.map(bar => bar.getBoundingClientRect().width)"
    )
    errors = [float(error) for error in errors]
    ordered = [widths[i] for i in np.argsort(errors)]
    np.testing.assert_allclose(ordered, sorted(widths), atol=0.2)
    assert len({round(width) for width in widths}) > 3


def test_the_mouse_draws(open_page):
    page = open_page()
    page.click("#clear")
    settle(page)
    assert not shown(page, "#input").any() and not pixels(page, "#pad")[..., 0].any()
    drag(page, "#pad", three())
    (stroke,) = page.evaluate("state.drawing.strokes")
    assert len(stroke) > 8
    near = [min(np.hypot(x - a, y - b) for a, b in stroke) for x, y in three()]
    assert max(near) < 0.03
    pad = pixels(page, "#pad")[..., 0]
    for x, y in three():
        assert pad[int(560 * y), int(560 * x)] == 255
    look_like(
        page, "#input", np.reshape(value(page, "toMnist(current.strokes)"), (28, 28))
    )
    drag(page, "#pad", [(0.1, 0.1), (0.2, 0.1)])
    assert page.evaluate("current.strokes.length") == 2
    page.click("#undo")
    assert page.evaluate("current.strokes.length") == 1
    page.mouse.move(*place(page, "#pad", (0.5, 0.5)))
    page.mouse.down(button="right")
    page.mouse.up(button="right")
    assert page.evaluate("current.strokes.length") == 1
    page.keyboard.press("Escape")


@pytest.mark.parametrize("button", ["clear", "undo", "face", "letter", "next"])
def test_a_held_stroke_ends_when_the_drawing_is_replaced(open_page, button):
    page = open_page()
    face = page.evaluate("PICTURES.face()")
    page.click("#face")
    drag(page, "#pad", [(0.1, 0.1), (0.3, 0.1)], end=False)
    page.evaluate(f"$('{button}').click()")
    before = page.evaluate("address()")
    page.mouse.move(*place(page, "#pad", (0.9, 0.9)))
    page.mouse.up()
    settle(page)
    assert page.evaluate("address()") == before
    page.click("#clear")
    page.click("#face")
    assert page.evaluate("current.strokes") == face
    page.mouse.move(0, 0)


def test_test_images(open_page, x_test):
    page = open_page()
    page.fill("#number", "6")
    page.click("#next")
    settle(page)
    look_like(page, "#input", x_test[7])
    look_like(page, "#in", x_test[7])
    middles = pixels(page, "#pad")[10::20, 10::20, 0] / 255
    np.testing.assert_allclose(middles, x_test[7], atol=0.005)
    for text, number in ("500", "39"), ("2.5", "2"), ("-3", "0"), ("", "0"):
        page.fill("#number", text)
        page.locator("#number").blur()
        settle(page)
        assert page.input_value("#number") == number
        look_like(page, "#input", x_test[int(number)])
    page.fill("#number", "39")
    page.click("#next")
    assert page.input_value("#number") == "0"


def test_noise_is_drawn_from_its_seed(open_page, site, x_test):
    page = open_page("#image=7&noise=0.5&seed=3")
    noise = value(page, "noiseOf(3)").reshape(28, 28)
    noisy = np.clip(x_test[7] + 0.5 * noise, 0, 1)
    look_like(page, "#input", noisy)
    assert page.inner_text("#level") == "0.50"
    answer = halves(site[1]["conv_ae"], np.float32(noisy))[1].reshape(28, 28)
    look_like(page, "#answer-conv_ae", answer)
    error = np.mean((answer - x_test[7]) ** 2)  # against the image without noise
    text = page.inner_text("#tile-conv_ae .error")
    assert float(text) == pytest.approx(error, abs=2e-4)

    page.click("#newnoise")
    settle(page)
    assert "seed=4" in address(page)
    assert np.abs(shown(page, "#input") - noisy).max() > 0.3
    page.fill("#noise", "0")
    settle(page)
    look_like(page, "#input", x_test[7])
    page.click("#newnoise")  # without noise nothing new would be seen
    assert page.inner_text("#level") == "0.50"


def test_sorting(open_page):
    page = open_page("#image=3")
    names = "[...$('answers').children].map(figure => figure.id.replace('tile-', ''))"
    post = "simple_ae sparse_ae deep_ae conv_ae denoise_ae seq2seq_ae vae pca mean"
    assert page.evaluate(names) == ["input", *post.split()]
    page.select_option("#sort", "size")
    by_size = "mean vae simple_ae deep_ae pca sparse_ae conv_ae seq2seq_ae denoise_ae"
    assert page.evaluate(names) == ["input", *by_size.split()]
    page.select_option("#sort", "error")
    errors = page.locator("#answers .error").all_inner_texts()
    assert errors == sorted(errors, key=float)
    page.click("#next")
    settle(page)
    errors = page.locator("#answers .error").all_inner_texts()
    assert errors == sorted(errors, key=float)
    assert "sort=error" in address(page)


# ------------------------------------------------------------------------- the code


def test_bars_can_be_pulled(open_page, site):
    page = open_page("#image=1&network=simple_ae")
    code = value(page, "network().code")
    assert page.input_value("#which") == str(np.argmax(code) + 1)
    drag(page, "#code", [(4.5 / 32, 0.8), (4.5 / 32, 0.3)])
    pulled = value(page, "pulled")
    high = 1.25 * value(page, "network().limit")
    assert pulled[4] == pytest.approx(min(code[4] + 0.5 * high, high), rel=0.02)
    assert (np.delete(pulled, 4) == np.delete(code, 4)).all()
    look_like(page, "#out", decoded(site[1]["simple_ae"], pulled))

    before = pulled[4]
    page.keyboard.press("ArrowDown")  # the slider has the focus
    assert value(page, "pulled")[4] == pytest.approx(before - high / 100, abs=high / 90)
    page.fill("#which", "32")
    page.locator("#value").press("End")
    assert value(page, "pulled")[31] == pytest.approx(high, rel=1e-4)
    page.fill("#which", "500")
    page.locator("#which").blur()
    assert page.input_value("#which") == "32"
    page.click("#back")
    assert (value(page, "pulled") == code).all()
    assert page.locator("#back").is_disabled()


def hex_color(page, name):
    text = page.evaluate(f"color('{name}')").strip()
    return list(bytes.fromhex(text[1:]))


def test_bars_are_painted(open_page):
    page = open_page("#image=1&network=simple_ae")
    code, high = value(page, "network().code"), page.evaluate("codeRange()[1]")
    middling = np.flatnonzero((code > 0.2 * high) & (code < 0.6 * high)).tolist()
    chosen = next(number for number in middling if number not in (3, 10))
    page.evaluate(f"network().unused = [3]; chooseNumber({chosen}); pull(0.9 * {high})")
    canvas = pixels(page, "#code")[..., :3]
    height, width, _ = canvas.shape
    colors = {
        name: hex_color(page, f"--{name}")
        for name in ("track", "accent", "pulled", "lit", "line", "text")
    }

    def at(number, share):  # the color of a column at a share of the height
        column = int((number + 0.25) * width / 32)
        return canvas[int((1 - share) * (height - 1)), column].tolist()

    assert at(chosen, 0.97) == colors["lit"] and at(chosen, 0.7) == colors["pulled"]
    assert at(3, 0.97) == colors["line"] and at(10, 0.97) == colors["track"]
    for number in set(range(32)) - {chosen}:
        share = code[number] / high
        assert at(number, share + 0.04) != colors["accent"]
        if share > 0.08:
            assert at(number, share - 0.04) == colors["accent"]
    was = int((1 - code[chosen] / high) * (height - 1))
    column = int((chosen + 0.25) * width / 32)
    assert canvas[was - 2 : was + 3, column].max(axis=-1).min() < 90  # nearly black


def test_maps_can_be_pulled(open_page, site):
    page = open_page("#image=1&network=conv_ae")
    code = value(page, "network().code")
    assert page.input_value("#which") == str(np.argmax(np.abs(code)) + 1)
    assert "8 maps of 4 × 4" in page.inner_text("#codename")
    assert "Blue is above 0, and orange is below" in page.inner_text("#codename")
    width, height = page.evaluate("[$('code').clientWidth, $('code').clientHeight]")
    canvas = pixels(page, "#code")
    for number in range(0, 128, 7):
        left, top, cell = page.evaluate(
            f"""(() => {{
              const layout = mapLayout(codeShape(), {width}, {height});
              return [...cellCorner({number}, codeShape(), layout), layout.cell];
            }})()"""
        )
        red, _, blue, _ = canvas[int(top + cell / 2), int(left + cell / 2)]
        assert (blue > red) == (code[number] > 0)

    # Number 77 of 4 x 4 x 8 is row 2, column 1 of map 5.
    x, y = page.evaluate(
        f"""(() => {{
          const layout = mapLayout(codeShape(), {width}, {height});
          const [left, top] = cellCorner(77, codeShape(), layout);
          return [left + layout.cell / 2, top + layout.cell / 2];
        }})()"""
    )
    drag(page, "#code", [(x / width, y / height), (x / width, y / height + 0.2)])
    pulled = value(page, "pulled")
    assert (np.flatnonzero(pulled != code) == 77).all() and pulled[77] < code[77]
    look_like(page, "#out", decoded(site[1]["conv_ae"], pulled))


def test_the_value_slider_has_a_hundred_steps(open_page):
    page = open_page("#network=seq2seq_ae")
    low, high = page.evaluate("codeRange()")
    step = page.evaluate("Number($('value').step)")
    assert step == pytest.approx((high - low) / 100)


# ----------------------------------------------------------------------- the epochs


def test_the_epochs(open_page, site, x_test):
    page = open_page("#image=4&epoch=1")
    _, models, data = site
    assert page.evaluate("epochs.map(({epoch}) => epoch)") == [0, 1, 10]
    assert (
        page.input_value("#epoch") == "1" and page.inner_text("#epochtext") == "epoch 1"
    )
    for number, network in enumerate(data["epochs"]):
        epoch = network["epoch"]
        page.fill("#epoch", str(number))
        model = models[f"epoch {epoch}"]
        answer = halves(model, x_test[4])[1].reshape(28, 28)
        look_like(page, f"#learned-{epoch}", answer)
        said = page.inner_text("#epocherrors")
        error = np.mean((answer - x_test[4]) ** 2)
        assert f"After epoch {epoch}: " in said and f"{network['bce']:.4f}" in said
        assert float(re.search(r"error (\d\.\d+)", said)[1]) == pytest.approx(
            error, abs=6e-5
        )
        assert page.locator("#epochs .chosen b").all_inner_texts() == [f"epoch {epoch}"]
        assert f"epoch={epoch}" in address(page)

        kernel = model.get_layer("decoder").get_weights()[0]  # (32, 784)
        strokes = pixels(page, "#strokes")
        for unit in 0, 9, 31:
            row, column = 30 * (unit // 8), 30 * (unit % 8)
            stroke = strokes[row : row + 28, column : column + 28].reshape(784, 4)
            clear = np.abs(kernel[unit]) > 0.1 * np.abs(kernel).max()
            is_blue = stroke[:, 2] > stroke[:, 0]
            assert (is_blue[clear] == (kernel[unit] > 0)[clear]).all()
    page.locator("#epoch-0").click()
    assert page.inner_text("#epochtext") == "epoch 0"


# ----------------------------------------------------------------------- the planes


def spread_of(model, image):
    import keras

    _, log_var, _ = model.get_layer("encoder")(image.reshape(1, 784))
    return np.exp(keras.ops.convert_to_numpy(log_var)[0] / 2)


@pytest.mark.parametrize("name", ["vae", "plain"])
def test_a_plane_shows_each_digit_at_its_code(open_page, site, x_test, labels, name):
    page = open_page("#image=0")
    codes = halves(site[1][name], x_test)[0]
    plane = f"planes.find(({{name}}) => name === '{name}')"
    on_page = value(page, f"{plane}.codes").reshape(-1, 2)
    np.testing.assert_allclose(on_page, codes, atol=2e-3 * np.abs(codes).max())
    assert (value(page, "labels") == labels).all()

    limit = value(page, f"{plane}.limit")
    heading = page.inner_text(f"div:has(> #plane-{name}) h3")
    assert heading.endswith(
        page.evaluate(f"say('planeRange', {{limit: ({limit}).toPrecision(2)}})")
    )
    written = page.evaluate(
        f"""(() => {{
          const written = [];
          const own = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {{
            written.push([String(text), x, y, this.fillStyle]);
          }};
          paintPoints({plane}, labels, 400, 1);
          CanvasRenderingContext2D.prototype.fillText = own;
          return [written, COLORS];
        }})()"""
    )
    points, colors = written
    assert len(points) == SMALL and len(set(colors)) == 10
    for (text, x, y, color), code, label in zip(points, codes, labels, strict=True):
        assert text == str(label) and color == colors[label]
        wanted = 200 * (1 + code[0] / limit), 200 * (1 - code[1] / limit)
        assert (x, y) == pytest.approx(wanted, abs=1)


def is_white(canvas, x, y):
    """Return whether there is white within 2 pixels of a place."""
    x, y = round(x), round(y)
    around = canvas[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3, :3]
    return around.size > 0 and around.min(axis=2).max() > 200


def test_what_stands_in_the_plane(open_page, site, x_test):
    page = open_page("#image=0")
    page.evaluate(
        "COLORS.fill('#14181c'); planes.forEach(plane => { plane.points = null })"
    )
    page.evaluate("planes.forEach(showPlane)")
    model = site[1]["vae"]
    code, limit = halves(model, x_test[0])[0][0], value(page, "vaePlane.limit")
    spread = spread_of(model, x_test[0])
    canvas = pixels(page, "#plane-vae")
    side = len(canvas)

    def seen(z):
        return is_white(
            canvas, side / 2 * (1 + z[0] / limit), side / 2 * (1 - z[1] / limit)
        )

    assert np.abs(code).max() < limit
    assert spread[0] / spread[1] > 1.5  # so that the two are told apart
    for sign in -1, 1:
        assert seen(code + [2 * sign * spread[0], 0])
        assert seen(code + [0, 2 * sign * spread[1]])
    assert seen(code - [8 * limit / side, 0])  # the ring, 4 pixels wide

    point = np.array(value(page, "vaePlane.point"))
    assert seen(point) and seen(point + [0, 12 * limit / side])
    ends = value(page, "onTheWay(0)"), value(page, "onTheWay(1)")
    way = [
        np.array(ends[0]) + t * np.subtract(ends[1], ends[0])
        for t in np.linspace(0, 1, 60)
    ]
    assert np.mean([seen(z) for z in way]) > 0.35


def test_points_of_the_plane(open_page, site, x_test):
    page = open_page("#image=0")
    vae = site[1]["vae"]
    images = [decoded(vae, z) for z in np.float32([[1, 1], [-1, 1], [1, -1]])]
    for one, other in (0, 1), (0, 2), (1, 2):
        assert np.abs(images[one] - images[other]).max() > 0.1  # no test is blind

    def point():
        return np.array(value(page, "vaePlane.point"))

    limit = value(page, "vaePlane.limit")
    start = point()
    look_like(page, "#born-vae", decoded(vae, start))
    page.evaluate("vaePlane.codes = vaePlane.codes.map(() => 99)")  # no digit is hit
    page.mouse.move(*place(page, "#plane-vae", (0.75, 0.25)))
    look_like(page, "#born-vae", decoded(vae, [limit / 2, limit / 2]))
    assert (point() == start).all()  # only a preview
    page.mouse.move(0, 0)
    look_like(page, "#born-vae", decoded(vae, start))

    page.mouse.click(*place(page, "#plane-vae", (0.75, 0.125)))
    np.testing.assert_allclose(point(), [limit / 2, 0.75 * limit], rtol=0.02)
    page.mouse.move(*place(page, "#plane-vae", (0.3, 0.6)))
    page.mouse.move(0, 0)
    look_like(page, "#born-vae", decoded(vae, point()))
    said = page.inner_text("#planes .onplane .place").replace("−", "-")
    np.testing.assert_allclose(
        np.float32(re.findall(r"-?[\d.]+", said)), point(), atol=0.006
    )
    page.locator("#plane-vae").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    np.testing.assert_allclose(point(), [0.475 * limit, 0.725 * limit], rtol=0.05)


def test_a_click_on_a_digit_takes_it_to_the_pad(open_page, site, x_test):
    page = open_page("#image=0")
    codes = halves(site[1]["plain"], x_test)[0]
    limit = page.evaluate("planes[1].limit")
    inside = np.flatnonzero(np.abs(codes).max(axis=1) < limit)
    apart = [
        min(np.abs(codes[i] - codes[j]).max() for j in range(SMALL) if j != i)
        for i in inside
    ]
    number = inside[np.argmax(apart)]
    z = (codes[number] / limit).tolist()
    page.mouse.click(*place(page, "#plane-plain", ((1 + z[0]) / 2, (1 - z[1]) / 2)))
    settle(page)
    look_like(page, "#input", x_test[number])
    assert page.input_value("#number") == str(number)
    np.testing.assert_allclose(
        page.evaluate("planes[1].point"), codes[number], rtol=0.01
    )


def test_draws_from_the_cloud_and_from_the_normal_distribution(open_page, site, x_test):
    page = open_page("#image=0")
    code = halves(site[1]["vae"], x_test[0])[0][0]
    spread = spread_of(site[1]["vae"], x_test[0])
    page.evaluate("vaePlane.limit = 1000")  # or draws would stop at the edge
    draws = {}
    for button in "drawagain", "random":
        draws[button] = np.array(
            page.evaluate(
                f"""Array.from({{length: 400}}, () => {{
              $("{button}").click();
              return vaePlane.point;
            }})"""
            )
        )
    near = 5 / np.sqrt(400)
    np.testing.assert_allclose(
        draws["drawagain"].mean(axis=0), code, atol=near * spread.max()
    )
    np.testing.assert_allclose(draws["drawagain"].std(axis=0), spread, rtol=0.2)
    np.testing.assert_allclose(draws["random"].mean(axis=0), 0, atol=near)
    np.testing.assert_allclose(draws["random"].std(axis=0), 1, rtol=0.2)
    look_like(
        page, "#born-vae", decoded(site[1]["vae"], page.evaluate("vaePlane.point"))
    )


def test_the_walk_goes_from_the_first_digit_to_the_second(
    open_page, site, mnist, x_test
):
    page = open_page()
    vae = site[1]["vae"]
    codes = halves(vae, x_test)[0]
    page.select_option("#from", "1")
    page.select_option("#to", "4")
    images = []
    for step, digit, canvas in ("0", 1, "#strip-0"), ("1", 4, "#strip-8"):
        page.fill("#walk", step)
        point = value(page, "vaePlane.point")
        assert mnist[1][1][np.abs(codes - point).sum(axis=1).argmin()] == digit
        images.append(decoded(vae, point))
        look_like(page, canvas, images[-1])
        look_like(page, "#born-vae", images[-1])
    assert np.abs(images[0] - images[1]).max() > 0.05


# ----------------------------------------------- words, the lesson, the table, state


def test_both_languages(open_page):
    page = open_page(locale="zh-TW")
    assert page.inner_text("h1") == "畫一個數字" and page.title().startswith("畫")
    assert page.evaluate("document.documentElement.lang") == "zh-TW"
    chinese = page.text_content("main")
    assert not re.search(r"[a-z]+ (the|is|of|a|and) ", chinese)
    page.select_option("#language", "en")
    assert page.inner_text("h1") == "Draw a digit"
    english = page.text_content("main")
    assert not re.search(r"[一-鿿]", english)
    for text in english, chinese:
        assert "undefined" not in text and "NaN" not in text and "{" not in text
    empty = page.evaluate(
        """[...document.querySelectorAll("[data-words]")]
          .filter(({textContent}) => !textContent.trim()).length"""
    )
    assert empty == 0
    assert page.evaluate("localStorage.getItem('autoencoders.language')") == "en"
    page.reload()
    settle(page)
    assert page.inner_text("h1") == "Draw a digit"


def test_any_stored_language(open_page):
    page = open_page()
    page.evaluate("localStorage.setItem('language', 'zh-TW')")  # some other page's
    for stored in "zh", "de", "", "null", "__proto__", "zh-TW", "en":
        page.evaluate("text => localStorage.setItem(STORED_LANGUAGE, text)", stored)
        chosen = page.evaluate("[chosenLanguage(undefined), chosenLanguage('fr')]")
        assert chosen == ["zh-TW" if stored == "zh-TW" else "en"] * 2
        assert page.evaluate("chosenLanguage('zh-TW')") == "zh-TW"
    page.evaluate("localStorage.setItem(STORED_LANGUAGE, 'zh')")
    page.reload()
    settle(page)
    assert page.inner_text("h1") == "Draw a digit"
    page.evaluate("localStorage.clear()")


def test_the_address_has_the_state(open_page):
    page = open_page()
    page.click("#clear")
    drag(page, "#pad", three())
    page.fill("#noise", "0.35")
    page.click("#newnoise")
    page.get_by_label("deep_ae", exact=True).check()
    page.fill("#epoch", "0")
    page.select_option("#language", "zh-TW")
    settle(page)
    shared = address(page)
    other = open_page(shared)
    for canvas in "#input", "#answer-vae", "#out", "#learned-0":
        look_like(other, canvas, shown(page, canvas))
    assert other.evaluate("[state.network, state.epoch]") == ["deep_ae", 0]
    assert other.inner_text("h1") == "畫一個數字"
    assert address(other) == shared

    page.evaluate("location.hash = '#picture=face&language=en'")
    page.wait_for_url("**picture=face**")
    settle(page)
    assert page.inner_text("h1") == "Draw a digit"
    assert page.evaluate("current.strokes.length") == 4


FOREIGN = [
    "image=40",
    "image=-1",
    "image=",
    "picture=constructor",
    "strokes=abc",
    "noise=2",
    "noise=1e9",
    "noise=NaN",
    "seed=0",
    "seed=x",
    "network=mean",
    "network=eval",
    "epoch=7",
    "sort=none",
    "language=de",
    "section=9",
    "__proto__=1",
    "constructor=1",
    "%",
    "=",
]


def test_foreign_words_in_the_address_are_passed_over(open_page):
    page = open_page(f"#{'&'.join(FOREIGN)}")
    usual = "#image=0&noise=0&seed=1&network=simple_ae&epoch=10&sort=post&language=en"
    assert address(page) == usual
    for foreign in FOREIGN:
        page.evaluate("text => history.replaceState(null, '', `#${text}`)", foreign)
        read = page.evaluate("Object.values(readAddress())")
        assert read == [None, None], foreign
        assert page.evaluate("address()") == usual[1:], foreign


def test_the_lesson(open_page):
    page = open_page()
    assert page.locator("#tasks li").count() == 5
    for number in range(5):
        task = page.locator("#tasks li").nth(number)
        assert not task.locator("details p").first.is_visible()
        task.locator("summary").click()
        assert task.locator("details p").first.is_visible()
        links = task.locator("a").evaluate_all(
            "links => links.map(x => x.getAttribute('href'))"
        )
        assert len(links) == 3 and links[0].startswith("#")
        for link in links[1:]:
            assert (PROJECT / "page" / link).resolve().is_file()
    first = page.locator("#tasks li").first.inner_text()
    for epoch in 0, 1, 10:  # the page starts with the image that the task shows
        assert page.inner_text(f"#epoch-{epoch} .error") in first
    page.locator("#tasks .setup").nth(2).click()
    settle(page)
    assert page.evaluate("[state.noise, state.seed]") == [0.5, 1]
    assert "noise=0.5" in address(page)
    page.locator("#tasks .setup").nth(4).click()
    settle(page)
    assert not shown(page, "#in").all() and page.evaluate("current.strokes.length") == 0
    assert page.locator("#tasks details[open]").count() == 5


def test_the_table(open_page, site):
    page = open_page()
    rows = [
        row.locator("td").all_inner_texts()
        for row in page.locator("#networks tr").all()
    ]
    networks = {network["name"]: network for network in site[2]["networks"]}
    sizes = {"simple_ae": "32", "conv_ae": "128", "denoise_ae": "1,568", "vae": "2"}
    for name, _, size, bce in rows:
        name = {"PCA-32": "pca", "mean digit": "mean"}.get(name, name)
        wanted = f"{networks[name]['bce']:.4f}"
        if name == "denoise_ae":
            wanted += f"; {networks[name]['noisyBce']:.4f} for noisy images"
        assert bce == wanted and size == sizes.get(name, size)
    assert len(rows) == len(networks) >= 9
    assert rows[0][1] == "one dense layer encodes, one decodes"


# ---------------------------------------------------------- screens, paper, fingers


@pytest.mark.parametrize("locale", ["en-US", "zh-TW"])
def test_the_first_screen_of_a_phone(open_page, locale):
    page = open_page(**PHONE, locale=locale)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    parts = [
        "#pad",
        "#clear",
        "#undo",
        "#face",
        "#letter",
        "#number",
        "#next",
        "#noise",
    ]
    answers = [
        f"#tile-{name}" for name in ("simple_ae", "sparse_ae", "deep_ae", "conv_ae")
    ]
    for selector in parts + answers:
        assert is_visible_on_first_screen(page, selector), selector
    before = shown(page, "#answer-simple_ae")
    drag(page, "#pad", three())
    assert np.abs(shown(page, "#answer-simple_ae") - before).max() > 0.01
    assert is_visible_on_first_screen(page, "#tile-simple_ae")


def test_the_first_screen_of_a_projector(open_page):
    page = open_page()
    tiles = page.locator("#answers figure").evaluate_all(
        "x => x.map(({id}) => `#${id}`)"
    )
    assert len(tiles) == 10
    for selector in ["#pad", "#clear", "#next", "#noise", "#newnoise", "#sort", *tiles]:
        assert is_visible_on_first_screen(page, selector), selector
    assert (
        page.locator(".words p").first.bounding_box()["y"]
        > (page.locator("#tile-mean").bounding_box()["y"])
    )


def test_the_present_view(open_page):
    page = open_page()
    width = page.locator("#answer-conv_ae").bounding_box()["width"]
    page.click("#present")
    assert page.locator("#answer-conv_ae").bounding_box()["width"] > 1.1 * width
    parts = {
        1: ["#pad", "#noise", "#tile-input", "#tile-mean"],
        2: ["#code", "#in", "#out", "#value"],
        3: ["#epochs", "#strokes", "#epoch", "#epocherrors"],
        4: [
            "#plane-vae",
            "#plane-plain",
            "#born-vae",
            "#drawagain",
            "#random",
            "#strip",
        ],
    }
    for number, selectors in parts.items():
        page.click(f"#part-{number}")
        assert page.locator("main > section:visible").count() == 1
        assert page.locator(".words:visible").count() == 0
        for selector in selectors:
            assert is_visible_on_first_screen(page, selector), selector
        size = page.evaluate(
            """(({scrollWidth, scrollHeight}) => [scrollWidth, scrollHeight])(
              document.documentElement)"""
        )
        assert (
            size[0] <= page.viewport_size["width"]
            and size[1] <= page.viewport_size["height"]
        )
    page.click("#present")
    assert page.locator("main > section:visible").count() == 6
    assert page.locator("#answer-conv_ae").bounding_box()["width"] == width


@pytest.mark.parametrize("width", [320, 640])
def test_nothing_is_wider_than_the_screen(open_page, width):
    page = open_page(viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert (
        page.evaluate("document.documentElement.scrollWidth") <= width or width == 320
    )


@IN_CHROMIUM
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper(open_page, scheme):
    page = open_page(color_scheme=scheme)
    page.emulate_media(media="print", color_scheme=scheme)
    rgb = page.evaluate(
        "getComputedStyle(document.body).color.match(/\\d+/g).map(Number)"
    )
    assert max(rgb) < 80
    for selector in ".choices", "#noise", "#present", "#language", "#back", "#sort":
        assert not page.locator(selector).is_visible(), selector
    for selector in "#tile-vae .bar i", "#chips :checked + span", "canvas.image":
        style = page.locator(selector).first.evaluate(
            "x => getComputedStyle(x).printColorAdjust"
        )
        assert style == "exact", selector
    # What is painted is printed; a background of the style sheet may not be.
    page.evaluate("setDrawing({kind: 'strokes', strokes: []})")
    for selector in "#pad", "#plane-vae", "#code":
        assert (pixels(page, selector)[..., 3] == 255).all(), selector


@IN_CHROMIUM
def test_forced_colors(open_page):
    page = open_page(forced_colors="active")
    for selector in "#pad", "#plane-vae", "#code", "#answer-vae", "#tile-vae .bar":
        style = page.locator(selector).first.evaluate(
            """x => (({borderTopStyle, borderTopWidth}) =>
              [borderTopStyle, borderTopWidth])(getComputedStyle(x))"""
        )
        assert style == ["solid", "1px"], selector
    ground = "x => getComputedStyle(x).backgroundColor"
    chosen = page.locator("#chips :checked + span").evaluate(ground)
    other = page.locator("#chips :not(:checked) + span").first.evaluate(ground)
    bar = page.locator("#tile-vae .bar i").evaluate(ground)
    assert chosen != other and bar != page.locator("#tile-vae .bar").evaluate(ground)


@IN_CHROMIUM
@pytest.mark.parametrize(
    "selector", ["#code", "#plane-vae", "#plane-plain", "#strokes"]
)
def test_a_finger_scrolls(open_page, selector):
    page = open_page(**PHONE)
    x, y = place(page, selector, (0.5, 0.5))
    state = "JSON.stringify([address(), [...pulled], chosen, planes.map(x => x.point)])"
    before = page.evaluate(state)
    top = page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)
    for step in range(17):
        kind = "touchStart" if step == 0 else "touchMove" if step < 16 else "touchEnd"
        points = [{"x": x, "y": y - 10 * step}] if step < 16 else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.evaluate(
        """top => new Promise(resolve => {
          let frames = 0;
          const look = () => {
            frames += 1;
            if (scrollY > top + 100 || frames > 300) resolve();
            else requestAnimationFrame(look);
          };
          look();
        })""",
        top,
    )
    assert page.evaluate("scrollY") > top + 100
    assert page.evaluate(state) == before


@IN_CHROMIUM
def test_a_finger_taps_and_draws(open_page):
    page = open_page(**PHONE)
    box = page.locator("#code").bounding_box()
    page.locator("#code").tap(position={"x": 20.5 / 32 * box["width"], "y": 30})
    assert page.input_value("#which") == "21"
    before = page.evaluate("vaePlane.point")
    page.evaluate("vaePlane.codes = vaePlane.codes.map(() => 99)")
    page.locator("#plane-vae").tap(position={"x": 20, "y": 20})
    assert page.evaluate("vaePlane.point") != before
    page.locator("#pad").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 0)")
    page.locator("#pad").tap()
    settle(page)
    assert page.evaluate("current.strokes.length") == 1

    touch = page.context.new_cdp_session(page)
    box = page.locator("#pad").bounding_box()
    for step, kind in enumerate(["touchStart", "touchStart", "touchMove", "touchMove"]):
        first, second = [
            {"x": box["x"] + x + 9 * step, "y": box["y"] + 100, "id": x}
            for x in (40, 140)
        ]
        points = [first] if step == 0 else [first, second]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    strokes = page.evaluate("current.strokes")
    assert len(strokes) == 2
    across = [x * box["width"] for x, y in strokes[1]]
    assert 35 < min(across) and max(across) < 80
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("name", ["simple_ae", "vae"])
def test_nothing_jumps_while_drawing(open_page, name):
    page = open_page(f"#network={name}")
    places = """() => {
      scrollTo(0, 0);
      return Array.from(document.querySelectorAll("main *"))
        .filter(x => getComputedStyle(x).display !== "inline" && !x.closest("svg"))
        .filter(x => !x.matches(".bar > i, .beyond, #answers b, option, details *"))
        .map(x => JSON.stringify(x.getBoundingClientRect()));
    }"""
    before = page.evaluate(places)
    drag(page, "#pad", three())
    page.click("#face")
    settle(page)
    assert page.evaluate(places) == before
    for end in 0, 1:  # whatever the number that is shown
        page.evaluate(f"pull(codeRange()[{end}])")
        assert page.evaluate(places) == before


# ------------------------------------------------------------------ what may go wrong


def test_a_dropped_file_does_not_replace_the_page(open_page):
    page = open_page()
    for kind in "dragover", "drop":
        assert page.evaluate(
            f"""(() => {{
              const options = {{bubbles: true, cancelable: true}};
              const event = new DragEvent("{kind}", options);
              $("pad").dispatchEvent(event);
              return event.defaultPrevented;
            }})()"""
        )


@IN_CHROMIUM
def test_without_javascript_the_page_says_so(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site[0].as_uri())
    assert page.locator("#asleep").is_visible()
    assert not page.locator("main").is_visible()
    context.close()


def test_with_javascript_it_does_not(open_page):
    page = open_page()
    assert not page.locator("#asleep").is_visible()


@pytest.fixture(scope="session")
def untrained(tmp_path_factory, mnist):
    """The path of a page without any model."""
    folder = tmp_path_factory.mktemp("untrained")
    html = build.join(build.collect(folder, small_data(folder, mnist)))
    (folder / "index.html").write_text(html, encoding="utf-8-sig")
    return folder / "index.html"


def test_networks_that_are_not_trained_are_named(browser, untrained):
    context = browser.new_context(**PHONE, locale="en-US")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(untrained.as_uri())
    settle(page)
    for name in build.find_scripts(PROJECT):
        assert f"python {name}.py" in page.inner_text(f"#tile-{name}")
    assert "python vae.py" in page.inner_text("#noplane")
    assert "python page/train.py" in page.inner_text("#noepochs")
    assert page.locator("#answer-pca").is_visible()
    page.click("#next")
    page.select_option("#language", "zh-TW")
    page.select_option("#sort", "error")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert errors == []
    context.close()


def test_a_sandboxed_frame(browser, site, tmp_path):
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<iframe sandbox="allow-scripts" src="{site[0].as_uri()}"></iframe>'
    )
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(outer.as_uri())
    frame = page.frames[1]
    settle(frame)
    frame.select_option("#language", "zh-TW")
    frame.evaluate("$('face').click()")
    settle(frame)
    assert frame.inner_text("h1") == "畫一個數字"
    assert np.array(frame.evaluate("Array.from(trained[0].answer)")).any()
    assert errors == []
    context.close()


def test_clicks_anywhere_raise_nothing(open_page):
    page = open_page()  # which looks for errors at the end
    page.evaluate(
        """() => {
          const all = "button:not(#copy), [type=radio]";
          for (const each of document.querySelectorAll(all)) {
            each.click();
          }
          if (document.body.classList.contains("presenting")) $("present").click();
          for (const field of [$("number"), $("which")]) {
            for (const text of ["", "-3", "1e9", "2.5"]) {
              field.value = text;
              field.dispatchEvent(new Event("input"));
              field.dispatchEvent(new Event("change"));
            }
          }
        }"""
    )
    page.set_viewport_size({"width": 900, "height": 500})
    settle(page)


@pytest.mark.parametrize("view", ["en", "zh-TW", "dark", "present", "phone"])
def test_axe_finds_nothing(open_page, browser, view):
    axe = npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")
    options = PHONE if view == "phone" else SCREEN
    if view == "dark":
        if browser.browser_type.name != "chromium":
            pytest.skip("firefox-esr is not told a color scheme")
        options = {**options, "color_scheme": "dark"}
    page = open_page(f"#language={'zh-TW' if view == 'zh-TW' else 'en'}", **options)
    if view == "present":
        page.click("#present")
    page.evaluate(
        "$('tasks').querySelectorAll('details').forEach(x => { x.open = true })"
    )
    page.evaluate(axe)
    violations = page.evaluate(
        """axe.run().then(({violations}) =>
          violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]))"""
    )
    assert violations == []


@pytest.mark.parametrize("name", ["#answer-vae", "#plane-vae", "#input", "#learned-10"])
def test_pictures_have_names(open_page, name):
    page = open_page()
    assert page.locator(name).get_attribute("aria-label")


def test_the_committed_page(open_page):
    page = open_page(path=INDEX)
    page.click("#clear")
    settle(page)
    brightest = page.evaluate(
        "trained.map(({name, answer}) => [name, Math.max(...answer)])"
    )
    for name, value_ in brightest:  # it paints from an empty pad
        assert (value_ > 0.5) == (name in ("vae", "mean")), name


# -------------------------------------------------------------- pictures and the speed


def take_pictures(playwright):
    browser = launch(playwright, "chromium")
    for name, locale in ("page.png", "en-US"), ("page.zh-TW.png", "zh-TW"):
        size = {"width": 1000, "height": 800}
        page = browser.new_page(viewport=size, locale=locale)
        page.goto(INDEX.as_uri())
        page.click("#clear")
        drag(page, "#pad", three(points=30))
        page.mouse.move(0, 0)
        bottom = page.locator("#answers").bounding_box()
        clip = {
            "x": 0,
            "y": 0,
            "width": 1000,
            "height": bottom["y"] + bottom["height"] + 16,
        }
        page.screenshot(path=PROJECT / "figures" / name, clip=clip)
        print(f"saved figures/{name}")


def measure_speed(playwright):
    """Print how long a redraw with all networks takes, in milliseconds."""
    for name in "chromium", "firefox":
        page = launch(playwright, name).new_page(viewport=SCREEN["viewport"])
        page.goto(f"{INDEX.as_uri()}#picture=face")
        settle(page)
        once = "(() => { const start = performance.now(); showDrawing(); "
        once += "jobs.forEach(job => job()); return performance.now() - start })()"
        times = [page.evaluate(once) for _ in range(31)]
        median, worst = statistics.median(times), max(times)
        print(f"{name}: a redraw takes {median:.0f} ms (median), {worst:.0f} ms (most)")


if __name__ == "__main__":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        measure_speed(started) if "speed" in sys.argv else take_pictures(started)
