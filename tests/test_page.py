"""The page in Chromium, and in Firefox what differs there, driven by playwright."""

import base64
import functools
import importlib
import io
import re

from conftest import ON_RECORD
from matplotlib.image import imread
import numpy as np
import page_tools
from page_tools import build, halves
import pytest
from test_page_drawing import THREE

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright")
pictures = importlib.import_module("pictures")  # page/pictures.py
BOTH = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
VAE = "vaePlane.network"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The committed page's data and models, and a page of them and of today's files."""
    site = page_tools.read_site()
    site.path = tmp_path_factory.mktemp("site") / "index.html"
    site.path.write_text(build.join(site.page), encoding="utf-8-sig")
    return site


@pytest.fixture(scope="module")
def launch():
    """A function that returns a browser by its name, which is started once."""
    with sync_api.sync_playwright() as playwright:
        yield functools.cache(lambda name: pictures.launch(playwright, name))


@pytest.fixture
def browser(request, launch):
    name = getattr(request, "param", "chromium")
    if not pictures.EXECUTABLES[name]:
        pytest.skip(f"no {name}")
    return launch(name)


@pytest.fixture
def open_page(browser, site):
    """A function that opens the page and waits for its answers.

    After the test: nothing but the page itself was asked for, and nothing was reported.
    """
    contexts, requests, messages = [], [], []

    def open_page(address="", path=site.path, locale="en-US", **options):
        context = browser.new_context(locale=locale, **options)  # of 1280 x 720 pixels
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(150_000)  # a busy machine opens a browser slowly
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
    assert all(url.partition("#")[0].endswith("/index.html") for url in requests)


def wait_until(page, condition):
    """Wait for what JavaScript says, 600 frames at most."""
    frame = f"new Promise(requestAnimationFrame).then(() => {condition})"
    assert any(page.evaluate(frame) for _ in range(600)), condition


def settle(page):
    """Wait until all networks have answered."""
    wait_until(page, "waiting.length === 0")


def value(page, expression):
    """Return an array of the page as one of NumPy."""
    return np.array(page.evaluate(f"Array.from({expression})"))


def pixels(page, selector):
    """Return all pixels of a canvas, (rows, columns, 4)."""
    url = page.evaluate("x => document.querySelector(x).toDataURL()", selector)
    png = io.BytesIO(base64.b64decode(url.partition(",")[2]))
    return np.rint(255 * imread(png)).astype(int)


def shown(page, selector):
    """Return the image on a canvas, in [0, 1]."""
    return pixels(page, selector)[..., 0] / 255


def look_like(page, selector, image):
    np.testing.assert_allclose(shown(page, selector), image, atol=0.005)


def decoded(page, network, code):
    """Return the image that the page's network decodes from a code."""
    answer = f"run({network}.decoder, Float32Array.from({np.array(code).tolist()}))"
    return value(page, answer).reshape(28, 28)


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


def style_of(page, selector, name):
    """Return a computed style of the first element that a selector finds."""
    return page.locator(selector).first.evaluate(f"x => getComputedStyle(x).{name}")


def assert_on_first_screen(page, selectors):
    """Check that elements are seen whole without scrolling."""
    for selector in selectors:
        sync_api.expect(page.locator(selector)).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0


@BOTH
def test_all_answers_are_painted(open_page, site):
    page = open_page("#image=7&noise=0.5&seed=3")
    clean = site.x_test[7]
    noisy = np.clip(clean + 0.5 * value(page, "noiseOf(3)").reshape(28, 28), 0, 1)
    look_like(page, "#input", noisy)
    errors, widths = {}, []
    for name in [*ON_RECORD, "pca"]:
        answer = halves(site.models[name], np.float32(noisy))[1][0]
        look_like(page, f"#answer-{name}", answer)
        errors[name] = float(page.inner_text(f"#tile-{name} .error"))
        error = np.mean((answer - clean) ** 2)  # against the image without noise
        assert errors[name] == pytest.approx(error, abs=1e-4)
        bar = page.locator(f"#tile-{name} .bar i")
        widths.append(bar.evaluate("bar => parseFloat(bar.style.width)"))
    assert np.argsort(widths).tolist() == np.argsort(list(errors.values())).tolist()
    best = page.locator("#answers .best").get_attribute("id")
    assert best == f"tile-{min(errors, key=errors.get)}"
    assert f"{min(errors.values()):.4f}" in page.text_content("#summary")

    names = page.locator("#answers b")
    page.select_option("#sort", "error")
    by_error = [name for name in names.all_inner_texts() if name in ON_RECORD]
    assert by_error == sorted(ON_RECORD, key=errors.get)
    page.select_option("#sort", "size")
    assert names.all_inner_texts()[1:4] == ["mean digit", "vae", "simple_ae"]
    page.click("#newnoise")
    wait_until(page, "location.hash.includes('seed=4')")
    assert np.abs(shown(page, "#input") - noisy).max() > 0.3


@BOTH
def test_the_mouse_draws(open_page):
    page = open_page()
    page.click("#clear")
    settle(page)
    assert not shown(page, "#input").any() and not shown(page, "#pad").any()
    drag(page, "#pad", THREE)
    (stroke,) = page.evaluate("state.drawing.strokes")
    pad = shown(page, "#pad")
    for x, y in THREE:
        assert min(np.hypot(x - a, y - b) for a, b in stroke) < 0.03
        assert pad[int(560 * y), int(560 * x)] == 1
    look_like(page, "#input", value(page, "toMnist(current.strokes)").reshape(28, 28))
    drag(page, "#pad", [(0.1, 0.1), (0.2, 0.1)])
    assert page.evaluate("current.strokes.length") == 2
    page.click("#undo")
    assert page.evaluate("current.strokes") == [stroke]
    for kind in "dragover", "drop":  # of a file: it does not replace the page
        event = f"new DragEvent('{kind}', {{bubbles: true, cancelable: true}})"
        assert not page.evaluate(f"$('pad').dispatchEvent({event})")


@BOTH
def test_a_held_stroke_ends_when_the_drawing_is_replaced(open_page):
    page = open_page()
    for button in "clear", "undo", "face", "letter", "next":
        page.click("#face")
        drag(page, "#pad", [(0.1, 0.1), (0.3, 0.1)], end=False)
        page.evaluate(f"$('{button}').click()")
        before = page.evaluate("[address(), current.strokes]")
        assert page.evaluate("held === undefined"), button
        page.mouse.move(*place(page, "#pad", (0.9, 0.9)))
        assert page.evaluate("[address(), current.strokes]") == before, button
        page.mouse.up()


@BOTH
def test_bars_are_painted_and_can_be_pulled(open_page):
    page = open_page("#image=1&network=simple_ae")
    code, high = value(page, "network().code"), page.evaluate("codeRange()[1]")
    assert page.input_value("#which") == str(np.argmax(code) + 1)
    drag(page, "#code", [(4.5 / 32, 0.8), (4.5 / 32, 0.3)])
    pulled = value(page, "pulled")
    assert pulled[4] == pytest.approx(min(code[4] + 0.5 * high, high), rel=0.02)
    assert (np.delete(pulled, 4) == np.delete(code, 4)).all()
    look_like(page, "#out", decoded(page, "network()", pulled))
    page.focus("#value")
    page.keyboard.press("ArrowDown")
    step = pulled[4] - page.evaluate("pulled[4]")
    assert step == pytest.approx(high / 100, abs=high / 90)

    middling = (code > 0.2 * high) & (code < 0.6 * high)
    chosen = next(n for n in np.flatnonzero(middling).tolist() if n not in (4, 10))
    page.fill("#which", str(chosen + 1))
    page.evaluate(f"pull(0.9 * {high})")
    canvas = pixels(page, "#code")[..., :3]
    height, width, _ = canvas.shape

    def at(number, share):  # the color of a column at a share of the height
        column = int((number + 0.25) * width / 32)
        return canvas[int((1 - share) * (height - 1)), column].tolist()

    def color(name):
        return list(bytes.fromhex(page.evaluate(f"color('--{name}')").strip()[1:]))

    assert at(chosen, 0.97) == color("lit") and at(chosen, 0.7) == color("pulled")
    assert at(10, 0.97) == color("track")
    for number in set(np.flatnonzero(code > 0.1 * high)) - {chosen, 4}:
        around = code[number] / high + np.array([-0.04, 0.04])
        is_bar = [at(number, share) == color("accent") for share in around]
        assert is_bar == [True, False]
    was = [at(chosen, code[chosen] / high + shift / height) for shift in range(-2, 3)]
    assert min(max(rgb) for rgb in was) < 90  # nearly black: a line where it was
    page.click("#back")
    assert (value(page, "pulled") == code).all()


def test_maps_are_painted_and_can_be_pulled(open_page):
    page = open_page("#image=1&network=conv_ae")
    code = value(page, "network().code")
    number = page.evaluate("chosen")
    assert number == np.argmax(np.abs(code))
    width, height, x, y = page.evaluate(
        f"""(({{clientWidth, clientHeight}}) => {{
          const layout = mapLayout(codeShape(), clientWidth, clientHeight);
          const corner = cellCorner({number}, codeShape(), layout);
          const middle = corner.map(edge => edge + layout.cell / 2);
          return [clientWidth, clientHeight, ...middle];
        }})($("code"))"""
    )
    red, _, blue, _ = pixels(page, "#code")[int(y), int(x)]
    assert (blue > red) == (code[number] > 0) and blue != red
    drag(page, "#code", [(x / width, y / height), (x / width, y / height + 0.2)])
    pulled = value(page, "pulled")
    assert np.flatnonzero(pulled != code).tolist() == [number]
    assert pulled[number] < code[number]
    look_like(page, "#out", decoded(page, "network()", pulled))


def test_the_epochs(open_page, site):
    page = open_page("#image=4&epoch=1")
    assert page.inner_text("#epochtext") == "epoch 1"
    for number, name in enumerate(page_tools.EPOCHS):
        page.fill("#epoch", str(number))
        answer = halves(site.models[name], site.x_test[4])[1][0]
        look_like(page, f"#learned-{name[6:]}", answer)
        error = np.mean((answer - site.x_test[4]) ** 2)
        said = page.inner_text("#epocherrors")
        assert f"After {name}: " in said and f"{site.networks[name]['bce']:.4f}" in said
        assert float(said.split("error ")[1][:6]) == pytest.approx(error, abs=6e-5)
        assert page.locator("#epochs .chosen b").all_inner_texts() == [name]

        kernel = site.models[name].get_layer("decoder").get_weights()[0]  # (32, 784)
        strokes = pixels(page, "#strokes")
        for unit in 0, 9, 31:
            row, column = 30 * (unit // 8), 30 * (unit % 8)
            stroke = strokes[row : row + 28, column : column + 28].reshape(784, 4)
            clear = np.abs(kernel[unit]) > 0.1 * np.abs(kernel).max()
            is_blue = stroke[:, 2] > stroke[:, 0]
            assert (is_blue[clear] == (kernel[unit] > 0)[clear]).all()


def test_what_stands_in_the_plane_and_walk_and_draws(open_page, site):
    page = open_page("#image=66")
    code, spread = value(page, "vaePlane.code"), value(page, "vaePlane.spread")
    assert spread[0] / spread[1] > 1.5  # so that the two are told apart
    page.evaluate(
        """COLORS.fill("#14181c"); // the digits are not seen
        planes.forEach(plane => { plane.points = null; showPlane(plane); })"""
    )
    limit, point = page.evaluate("[vaePlane.limit, vaePlane.point]")
    canvas = pixels(page, "#plane-vae")[..., :3].min(axis=2)
    side = len(canvas)

    def is_white(z):  # within 2 pixels of a code's place
        x, y = side / 2 * (1 + z[0] / limit), side / 2 * (1 - z[1] / limit)
        around = canvas[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
        return around.max() > 200

    for sign in -1, 1:
        assert is_white(code + [2 * sign * spread[0], 0])
        assert is_white(code + [0, 2 * sign * spread[1]])
    assert is_white(code - [8 * limit / side, 0])  # the ring, 4 pixels wide
    assert is_white(np.add(point, [0, 12 * limit / side]))  # an arm of the cross
    start, end = page.evaluate("[onTheWay(0), onTheWay(1)]")
    assert np.mean([is_white(z) for z in np.linspace(start, end, 60)]) > 0.35

    codes = value(page, "vaePlane.codes").reshape(-1, 2)
    page.select_option("#from", "1")
    page.select_option("#to", "4")
    for step, digit, canvas in ("0", 1, "#strip-0"), ("1", 4, "#strip-8"):
        page.fill("#walk", step)
        point = value(page, "vaePlane.point")
        assert site.labels[np.abs(codes - point).sum(axis=1).argmin()] == digit
        look_like(page, canvas, decoded(page, VAE, point))
        look_like(page, "#born-vae", decoded(page, VAE, point))

    page.evaluate("vaePlane.limit = 1000; gaussian = () => -1.5")
    page.click("#drawagain")
    drawn = value(page, "vaePlane.point")
    np.testing.assert_allclose(drawn, code - 1.5 * spread, atol=1e-3)
    page.click("#random")
    assert page.evaluate("vaePlane.point") == [-1.5, -1.5]


@BOTH
def test_points_of_the_plane(open_page, site):
    page = open_page("#image=0")
    limit = page.evaluate("vaePlane.limit")
    start = value(page, "vaePlane.point")
    page.evaluate("vaePlane.codes = vaePlane.codes.map(() => 99)")  # no digit is hit
    page.mouse.move(*place(page, "#plane-vae", (0.75, 0.25)))
    preview = value(page, "vaePlane.preview")
    np.testing.assert_allclose(preview, [limit / 2, limit / 2], rtol=0.02)
    look_like(page, "#born-vae", decoded(page, VAE, preview))
    page.mouse.move(0, 0)  # it was only a preview
    look_like(page, "#born-vae", decoded(page, VAE, start))

    page.mouse.click(*place(page, "#plane-vae", (0.75, 0.125)))
    page.mouse.move(*place(page, "#plane-vae", (0.3, 0.6)))
    page.mouse.move(0, 0)
    point = value(page, "vaePlane.point")
    np.testing.assert_allclose(point, [limit / 2, 0.75 * limit], rtol=0.02)
    look_like(page, "#born-vae", decoded(page, VAE, point))
    page.focus("#plane-vae")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    point = value(page, "vaePlane.point")
    np.testing.assert_allclose(point, [0.475 * limit, 0.725 * limit], rtol=0.05)

    # A click on a digit takes it to the pad: on the one that stands most alone.
    z = value(page, "planes[1].codes").reshape(-1, 2) / page.evaluate("planes[1].limit")
    distances = np.abs(z[:, None] - z).max(axis=2) + 99 * np.eye(len(z))
    alone = np.where(np.abs(z).max(axis=1) < 0.95, distances.min(axis=1), 0)
    number = int(np.argmax(alone))
    x, y = z[number]
    page.mouse.click(*place(page, "#plane-plain", ((1 + x) / 2, (1 - y) / 2)))
    settle(page)
    look_like(page, "#input", site.x_test[number])
    assert page.input_value("#number") == str(number)


@BOTH
def test_the_language_is_remembered(open_page):
    page = open_page(locale="zh-TW")
    assert page.inner_text("h1") == "畫一個數字" and page.title().startswith("畫")
    chinese = page.text_content("main")
    assert not re.search(r"[a-z]+ (the|is|of|a|and) ", chinese)
    page.select_option("#language", "en")
    english = page.text_content("main")
    assert not re.search(r"[一-鿿]", english)
    assert not re.search(r"undefined|NaN|\{", chinese + english)
    assert page.evaluate("chosenLanguage()") == "en"
    # All pages of one site share what is stored, so it may be anything.
    page.evaluate("localStorage.setItem('language', 'zh-TW')")
    for stored in "zh-TW", "de", "", "null", "__proto__", "zh":
        page.evaluate("text => localStorage.setItem(STORED_LANGUAGE, text)", stored)
        asked = page.evaluate("[undefined, 'fr', 'en'].map(chosenLanguage)")
        assert asked == ["zh-TW", "zh-TW", "en"]


@BOTH
def test_the_address_has_the_state(open_page):
    page = open_page()
    page.click("#clear")
    drag(page, "#pad", THREE)
    page.fill("#noise", "0.35")
    page.click("#newnoise")
    page.get_by_label("deep_ae", exact=True).check()
    page.fill("#epoch", "0")
    page.select_option("#sort", "error")
    page.select_option("#language", "zh-TW")
    wait_until(page, "location.hash === `#${address()}`")
    shared = page.evaluate("location.hash")
    other = open_page(shared)
    for canvas in "#input", "#answer-vae", "#out", "#learned-0":
        look_like(other, canvas, shown(page, canvas))
    assert other.inner_text("h1") == "畫一個數字"
    assert other.evaluate("`#${address()}`") == shared
    page.evaluate("location.hash = '#picture=face&language=en'")
    wait_until(page, "current.strokes.length === 4")
    assert page.inner_text("h1") == "Draw a digit"


def test_foreign_words_in_the_address_are_passed_over(open_page):
    page = open_page("#image=-1&noise=NaN&%&=")
    usual = "#image=0&noise=0&seed=1&network=simple_ae&epoch=10&sort=post&language=en"
    wait_until(page, f"location.hash === '{usual}'")
    foreign = """image=500 image= picture=constructor strokes=abc noise=2 noise=1e9
      seed=0 seed=x network=mean network=eval epoch=7 sort=none language=de section=9
      __proto__=1 constructor=1"""
    for word in foreign.split():
        page.evaluate("text => history.replaceState(null, '', `#${text}`)", word)
        assert page.evaluate("Object.values(readAddress())") == [None, None], word
        assert page.evaluate("address()") == usual[1:], word


def test_the_lesson_and_the_table(open_page, site):
    page = open_page()
    tasks = page.locator("#tasks li").all()
    tasks[0].locator("summary").click()
    for epoch in 0, 1, 10:  # the page starts with the image that the task shows
        assert page.inner_text(f"#epoch-{epoch} .error") in tasks[0].inner_text()
    tasks[4].locator(".setup").click()
    settle(page)
    paints = "trained.filter(x => Math.max(...x.answer) > 0.5).map(({name}) => name)"
    assert page.evaluate(paints) == ["vae", "mean"]  # from an empty pad

    names = {"PCA-32": "pca", "mean digit": "mean"}
    sizes = {"simple_ae": "32", "conv_ae": "128", "denoise_ae": "1,568", "vae": "2"}
    for row in page.locator("#networks tr").all():
        name, _, size, bce = row.locator("td").all_inner_texts()
        network = site.networks[names.get(name, name)]
        noisy = f"; {network.get('noisyBce', 0):.4f} for noisy images"
        wanted = f"{network['bce']:.4f}{noisy if name == 'denoise_ae' else ''}"
        assert bce == wanted and size == sizes.get(name, size)


@pytest.mark.parametrize("locale", ["en-US", "zh-TW"])
def test_the_first_screen_of_a_phone(open_page, locale):
    page = open_page(**PHONE, locale=locale)
    seen = "#pad #clear #undo #face #letter #number #next #noise #tile-simple_ae"
    seen += " #tile-sparse_ae #tile-deep_ae #tile-conv_ae"
    assert_on_first_screen(page, seen.split())
    before = shown(page, "#answer-simple_ae")
    drag(page, "#pad", THREE)
    assert np.abs(shown(page, "#answer-simple_ae") - before).max() > 0.01
    # Nothing is wider than the screen.
    for width, size in (320, "100%"), (360, "100%"), (640, "200%"):
        page.set_viewport_size({"width": width, "height": 700})
        page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_screen_of_a_projector_and_the_present_view(open_page):
    page = open_page()
    tiles = [f"#tile-{name}" for name in ["input", *ON_RECORD, "pca", "mean"]]
    rest = ["#pad", "#clear", "#next", "#noise", "#newnoise", "#sort"]
    assert_on_first_screen(page, tiles + rest)
    width = page.locator("#answer-conv_ae").bounding_box()["width"]
    page.click("#present")
    assert page.locator("#answer-conv_ae").bounding_box()["width"] > 1.1 * width
    for number, selectors in {
        1: "#pad #noise #tile-input #tile-mean",
        2: "#code #in #out #value",
        3: "#epochs #strokes #epoch #epocherrors",
        4: "#plane-vae #plane-plain #born-vae #drawagain #random #strip",
    }.items():
        page.click(f"#part-{number}")
        assert page.locator("main > section:visible").count() == 1
        assert page.locator(".words:visible").count() == 0
        assert_on_first_screen(page, selectors.split())
    page.click("#present")
    assert page.locator("main > section:visible").count() == 6
    assert not page.locator("#asleep").is_visible()  # as it is without JavaScript


def test_on_paper(open_page):
    page = open_page("#strokes=")
    for scheme in "light", "dark":
        page.emulate_media(media="print", color_scheme=scheme)
        ink = style_of(page, "body", "color")
        assert max(int(part) for part in re.findall(r"\d+", ink)) < 80
    for selector in ".choices", "#noise", "#present", "#language", "#back", "#sort":
        assert not page.locator(selector).is_visible(), selector
    for selector in "#tile-vae .bar i", "#chips :checked + span":
        assert style_of(page, selector, "printColorAdjust") == "exact", selector
    # What is painted is printed; a background of the style sheet may not be.
    for selector in "#pad", "#plane-vae", "#code":
        assert (pixels(page, selector)[..., 3] == 255).all(), selector


def test_forced_colors(open_page):
    page = open_page(forced_colors="active")
    for selector in "#pad", "#plane-vae", "#code", "#answer-vae", "#tile-vae .bar":
        assert style_of(page, selector, "border").startswith("1px solid"), selector
    for one, other in (
        ("#chips :checked + span", "#chips :not(:checked) + span"),
        ("#tile-vae .bar i", "#tile-vae .bar"),
    ):
        grounds = {style_of(page, x, "backgroundColor") for x in (one, other)}
        assert len(grounds) == 2, one


def test_a_finger_scrolls_and_taps(open_page):
    page = open_page(**PHONE)
    touch = page.context.new_cdp_session(page)
    state = "JSON.stringify([address(), [...pulled], chosen, planes.map(x => x.point)])"
    before = page.evaluate(state)
    for selector in "#code", "#strokes", "#plane-vae", "#plane-plain":
        x, y = place(page, selector, (0.5, 0.5))
        top = page.evaluate("scrollY")
        for step in range(17):
            kind = {0: "touchStart", 16: "touchEnd"}.get(step, "touchMove")
            points = [] if step == 16 else [{"x": x, "y": y - 10 * step}]
            event = {"type": kind, "touchPoints": points}
            touch.send("Input.dispatchTouchEvent", event)
        wait_until(page, f"scrollY > {top + 100}")
        assert page.evaluate(state) == before, selector

    page.touchscreen.tap(*place(page, "#code", (20.5 / 32, 0.2)))
    assert page.input_value("#which") == "21"
    page.evaluate("vaePlane.codes = vaePlane.codes.map(() => 99)")  # no digit is hit
    page.touchscreen.tap(*place(page, "#plane-vae", (0.5, 0.5)))
    np.testing.assert_allclose(value(page, "vaePlane.point"), [0, 0], atol=0.1)
    page.touchscreen.tap(*place(page, "#pad", (0.5, 0.5)))
    assert page.evaluate("current.strokes.length") == 1


def test_without_javascript_the_page_says_so(browser, site):
    page = browser.new_page(java_script_enabled=False)
    page.goto(site.path.as_uri())
    assert page.locator("#asleep").is_visible()
    assert not page.locator("main").is_visible()
    page.close()


def test_axe_finds_nothing(open_page):
    page = open_page()
    page.evaluate(page_tools.npm_file("axe-core/axe.min.js").read_text("utf-8"))
    page.evaluate("for (const x of document.querySelectorAll('details')) x.open = true")
    for change in (
        lambda: None,
        lambda: page.emulate_media(color_scheme="dark"),
        lambda: page.select_option("#language", "zh-TW"),
        lambda: page.set_viewport_size(PHONE["viewport"]),
        lambda: page.click("#present"),
    ):
        change()
        violations = page.evaluate(
            """axe.run().then(({violations}) =>
              violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]))"""
        )
        assert violations == []
