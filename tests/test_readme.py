"""The pages: what cog writes, numbers, links, pictures, snippets, and their twins."""

import ast
import itertools
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

from markdown_it import MarkdownIt
from post import POST
import pytest
import readme
import record
from test_record import NUMBER

# Decimals in prose that no program of ours prints. A number with the name of its
# product before it, such as "Keras 3.15", need not stand here.
GIVEN = {f"{own['loss']:.4f}" for own in POST.values()} | {
    "24.5",  # the post: "compression of factor 24.5"
    "0.2612",  # the post: the sparse autoencoder's training loss
    "0.1",  # the post: "loss rate 由 0.1 降到 0.09"
    "0.09",
    "0.5",  # the noise that denoise_ae.py adds
    "1.0",  # Adadelta's learning rate in the Keras of 2020, and today's
    "0.001",
    "0.69",  # ln 2
    "2.3",  # GB that an installation takes
}
VERSION = re.compile(
    r"(Python|Keras|TensorFlow|Theano|NumPy|SciPy|JAX|PyTorch|CUDA|CC BY-SA|MIT)"
    r"((,|、| to| and| or|–| 到| 或| 和|至)? ?\d+(\.\d+)+(?!\d| GB))+"
)
# Pictures that none of the programs on record draws: a photographed digit, and the
# page in a browser.
BY_HAND = re.compile(r"own_digit|page")

PAGES = {p.relative_to(record.PROJECT).as_posix(): p for p in readme.pages()}
ENGLISH = [name for name in PAGES if not name.endswith(".zh-TW.md")]
RENDERED = re.compile(r"<!-- \[\[\[cog(.*?)\]\]\] -->(.*?)<!-- \[\[\[end", re.DOTALL)


def text_of(name):
    return PAGES[name].read_text(encoding="utf-8")


def tokens_of(text):
    """Return a page's tokens in lists, one from each heading to the next."""
    sections = [[]]
    for token in MarkdownIt().enable("table").parse(text):
        if token.type == "heading_open":
            sections.append([])
        sections[-1] += [token, *(token.children or [])]
    return sections


def paragraphs(text):
    """Return the paragraphs of a page as a reader sees them, without tables."""
    found = []
    for before, token in itertools.pairwise(MarkdownIt().enable("table").parse(text)):
        if before.type == "paragraph_open":
            shown = {"softbreak": " ", "image": ""}
            words = [shown.get(t.type, t.content) for t in token.children]
            found.append(re.sub("<.+?>", "", "".join(words)))
    return found


def words(text):
    return len(re.findall(r"\S*\w\S*", text))


def decimals(text):
    """Return the decimals and percentages of a text."""
    text = VERSION.sub("", text.replace("−", "-"))
    found = {
        (number.replace(",", ""), unit in ("%", "％"))
        for number, unit in NUMBER.findall(text)
    }
    return {number for number, percent in found if "." in number or percent}


def prose(tokens):
    """Return what a reader reads: text, tables, and output, but no code."""
    shown = [t for t in tokens if t.type == "text" or t.info in ("text", "console")]
    return "\n".join(token.content for token in shown)


def parts(tokens):
    """Return what the same section of the twin must have, too."""
    found = [decimals(prose(tokens))]
    for token in tokens:
        if token.type == "html_block":  # cog's calls, and what they ask for
            calls = "baselines|block|history|machine|say|scripts"
            names = re.findall(rf"\b({calls})\(", token.content)
            asked = re.findall(r'\("[\w-]+"(?:, \d+)?|\{.+?\}', token.content)
            found.append((names, sorted(asked)))
        elif token.type == "fence":
            found.append((token.info, re.sub(r" *#.*", "", token.content)))
        elif token.type in ("heading_open", "tr_open", "image", "list_item_open"):
            found.append((token.type, token.tag, token.attrs.get("src")))
    return found


def links(name):
    """Return what a page links to and shows."""
    found = re.findall(r'(?:src|href)="([^"]+)"', text_of(name))
    for tokens in tokens_of(text_of(name)):
        found += [token.attrs.get("href", token.attrs.get("src")) for token in tokens]
    return [link for link in found if link]


def anchors(text):
    """Return the names that the host of a project gives to the headings of a page."""
    titles = [title.lower() for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def test_cog_would_change_nothing():
    assert readme.main(["--check"]) == 0


@pytest.mark.parametrize("name", PAGES)
def test_links_and_pictures_lead_somewhere(name):
    for link in links(name):
        file, _, anchor = unquote(link).partition("#")
        if "://" not in link:
            path = PAGES[name].parent / file if file else PAGES[name]
            assert path.exists(), link
            assert not anchor or anchor in anchors(path.read_text("utf-8")), link


@pytest.mark.parametrize("name", PAGES)
def test_a_number_in_prose_is_rendered_or_stands_in_a_rendered_block(name):
    text = text_of(name)
    rendered = "\n".join(made for _, made in RENDERED.findall(text))
    by_hand = tokens_of(RENDERED.sub("<!-- [[[end", text))
    typed = decimals("\n".join(prose(tokens) for tokens in by_hand))
    unknown = typed - decimals(rendered) - GIVEN
    assert not [number for number in unknown if "." in number]


@pytest.mark.parametrize("name", ENGLISH)
def test_paragraphs_and_sentences_are_short(name):
    found = paragraphs(text_of(name))
    sentences = [own for text in found for own in re.split(r"(?<=[.?!])\W*\s", text)]
    assert not [text for text in found if words(text) > 60]
    assert not [sentence for sentence in sentences if words(sentence) > 25]


def test_the_readme_is_short():
    assert sum(words(text) for text in paragraphs(text_of("README.md"))) <= 650


@pytest.mark.parametrize("name", ENGLISH)
def test_the_twins_have_the_same_parts(name):
    twin = name.replace(".md", ".zh-TW.md")
    one, other = (tokens_of(text_of(own)) for own in (name, twin))
    assert len(one) == len(other)
    for tokens, other_tokens in zip(one, other):
        assert parts(tokens) == parts(other_tokens)


def test_a_picture_is_the_one_that_its_program_drew():
    drawn = {}
    for name in record.commands():
        if not re.search(r"-[1-9]$", name):  # pages show seed 0
            drawn |= record.read(name).get("pictures", {})
    for name, page in PAGES.items():
        for link in links(name):
            path = page.parent / link
            if path.suffix == ".png" and not BY_HAND.match(path.name):
                assert record.sha256(path) == drawn.get(path.name), f"{name}: {link}"


SCRIPTS = [path for path in record.programs().values() if record.is_script(path)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_docstring_has_the_last_line_that_its_script_prints(path):
    docstring = " ".join(ast.get_docstring(record.parsed(path)).split())
    last = record.read(f"{path.stem}-0")["lines"][-1]
    assert last.rpartition(" | ")[0] in docstring  # but for the seconds


SNIPPETS = [
    token.content
    for name in ENGLISH
    for tokens in tokens_of(text_of(name))
    for token in tokens
    if token.info == "python"
]


@pytest.mark.skipif("AGAIN" not in os.environ, reason="minutes, with AGAIN=1")
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_runs(snippet):
    subprocess.run([sys.executable, "-c", snippet], cwd=record.PROJECT, check=True)


def test_what_is_rendered(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "PROJECT", tmp_path)
    (tmp_path / "a_ae.py").write_text("def build_autoencoder(): pass", "utf-8")
    for seed, bce in enumerate([0.1, 0.2, 0.6]):
        data = {"bce": bce, "seconds": 90, "code": [4, 4], "rows": [{"x": 0.5}]}
        own = {"command": "a_ae.py", "lines": ["one", "two"], "data": data}
        record.write(f"a_ae-{seed}", own)
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")

    assert readme.main(["--check"]) == 1
    assert page.read_text(encoding="utf-8") == PAGE
    assert readme.main([]) == 0
    made = [text.strip() for _, text in RENDERED.findall(page.read_text("utf-8"))]
    assert made[0].endswith("| 詞 | 16 | – | 0.3000 (0.1000–0.6000) | 1.5 |")
    assert made[1] == "0.300, 0.1 to 0.6; of seed 1 50%; the post 0.1020."
    assert made[2].startswith("```bash\n.venv/bin/python a_ae.py\n```")
    assert "```text\ntwo\n```" in made[2] and "one" not in made[2]
    assert readme.main(["--check"]) == 0

    shutil.copy(tmp_path / "a_ae.py", tmp_path / "b_ae.py")
    with pytest.raises(ValueError, match="b_ae"):  # a row is missing
        readme.scripts(made[0])


PAGE = """
<!-- [[[cog scripts(cog.previous) ]]] -->
| script | idea | code | post | BCE | minutes |
|---|---|---|---|---|---|
| [a_ae.py](a_ae.py) | 詞 | | | | |
<!-- [[[end]]] -->
<!-- [[[cog
say('''{a_ae.bce:.3f}, {a_ae.bce.min:.1f} to {a_ae.bce.max:.1f}; \
of seed 1 {a_ae-1.rows.0.x:.0%}; the post {post.simple_ae.loss:.4f}.''')
]]] -->
<!-- [[[end]]] -->
<!-- [[[cog block("a_ae-0", 1, "folded") ]]] -->
<!-- [[[end]]] -->
"""
