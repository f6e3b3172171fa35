"""Take the pictures of page/index.html that the READMEs show, in Chromium.

    python page/pictures.py
    python page/pictures.py speed

The second command measures how long a redraw takes, in Chromium and in Firefox. Both
need playwright (tests/requirements-page.txt) and Debian's chromium and firefox-esr.
"""

from pathlib import Path
import shutil
import statistics
import sys

from playwright.sync_api import sync_playwright

INDEX = Path(__file__).resolve().parent / "index.html"
FIGURES = INDEX.parent.parent / "figures"
EXECUTABLES = {
    "chromium": shutil.which("chromium") or shutil.which("chromium-browser"),
    "firefox": shutil.which("firefox-esr") or shutil.which("firefox"),
}


def launch(playwright, name):
    """Start a browser that is installed."""
    # Playwright drives its own Firefox, or with this word one that is installed.
    channel = {"channel": "moz-firefox"} if name == "firefox" else {}
    kind = getattr(playwright, name)
    return kind.launch(executable_path=EXECUTABLES[name], **channel)


def take_pictures(playwright):
    """Save what the page shows of a drawn 3, in both languages."""
    browser = launch(playwright, "chromium")
    for name, language in ("page.png", "en"), ("page.zh-TW.png", "zh-TW"):
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.goto(f"{INDEX.as_uri()}#language={language}")
        page.evaluate(
            """() => {
              const three = arc(0.5, 0.31, 0.19, 0.85, -0.5);
              three.push(...arc(0.47, 0.69, 0.21, 0.5, -0.9));
              setDrawing({kind: "strokes", strokes: [three]});
              jobs.forEach(job => job());
            }"""
        )
        box = page.locator("#answers").bounding_box()
        clip = {"x": 0, "y": 0, "width": 1000, "height": box["y"] + box["height"] + 16}
        page.screenshot(path=FIGURES / name, clip=clip)
        print(f"saved figures/{name}")


def measure_speed(playwright):
    """Print how long a redraw with all networks takes, in milliseconds."""
    for name in EXECUTABLES:
        page = launch(playwright, name).new_page()
        page.goto(f"{INDEX.as_uri()}#picture=face")
        page.wait_for_selector("#summary:not(:empty)", state="attached")
        times = page.evaluate(
            """Array.from({length: 31}, () => {
              const start = performance.now();
              showDrawing();
              jobs.forEach(job => job());
              return performance.now() - start;
            })"""
        )
        median, most = statistics.median(times), max(times)
        print(f"{name}: a redraw takes {median:.0f} ms (median), {most:.0f} ms (most)")


if __name__ == "__main__":
    with sync_playwright() as started:
        measure_speed(started) if "speed" in sys.argv else take_pictures(started)
