"""The pages: tables, numbers, links, pictures, prose, and their pairs of languages."""

import collections
import itertools
import json
import os
import re
import subprocess
import sys
from urllib.parse import unquote

from conftest import PROJECT
from markdown_it import MarkdownIt
import pages
import pytest
import record

# Decimals in prose that no program of ours measures: intervals, grey and noise of half,
# what the post and its readers saw, the rates of Adadelta, and GB of disk. A number
# with the name of its product before it, such as "Keras 3.15", may stand, too.
GIVEN = "5% 95% 97.5% 0% 100% 1% 0.5 0.1 0.09 1.0 0.001 2.3 0.26 150.7"
VERSION = re.compile(
    r"(Python|Keras|TensorFlow|Theano|NumPy|SciPy|JAX|PyTorch|torch|CUDA|CC BY-SA)"
    r"((,|、| to| and| or|–| 到| 或| 和|至)? ?\d+(\.\d+)+(?!\d| GB))+"
)
DATE = re.compile(r"2020/09/21|21 September 2020|\d+ 月")
ADDRESS = re.compile(r"https?://\S+")
NUMBER = re.compile(r"(?<![\w.])[−-]?\d[\d,]*(?:\.\d+)?%?")
DIGITS = "zeros?|零 one|一 two|[二兩] three|三 four|四 five|五"
DIGITS += " six|六 seven|七 eight|八 nine|九"

# English words that only we would understand, and Chinese ones that say something else.
PRIVATE = re.compile(
    r"\b(copiers?|twins?|rulers?|on record|Kerases)\b"
    r"|最好是|地圖|託管|作法|照抄|圖像"
)
# Pictures that none of the programs on record draws.
BY_HAND = re.compile(r"own_digit|page|autoencoder")

TEXTS = {
    path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
    for path in pages.pages()
}
ENGLISH = [n for n in TEXTS if not n.endswith(".zh-TW.md") and n != "data/README.md"]
CALL = re.compile(
    r"<!-- \[\[\[cog (.*?)\]\]\] -->\n(.*?)<!-- \[\[\[end\]\]\] -->", re.DOTALL
)


def sections(text):
    """Return a page's tokens in lists, one from each heading to the next."""
    found = [[]]
    for token in MarkdownIt().enable("table").parse(text):
        if token.type == "heading_open":
            found.append([])
        found[-1] += [token, *(token.children or [])]
    return found


def paragraphs(text):
    """Return the paragraphs, list items and cells of a page as a reader sees them."""
    found = []
    for before, token in itertools.pairwise(MarkdownIt().enable("table").parse(text)):
        if before.type in ("paragraph_open", "td_open", "th_open"):
            shown = {"softbreak": " ", "image": ""}
            words = [shown.get(t.type, t.content) for t in token.children]
            found.append(re.sub(r"<.+?>|「.+?」|\$\$.+?\$\$", "", "".join(words)))
    return found


def words(text):
    return len(re.findall(r"\S*\w\S*", text))


def prose(tokens):
    """Return what a reader reads: text, tables, output and the names of pictures."""
    shown = [t for t in tokens if t.type in ("text", "image") or t.info == "text"]
    text = "\n".join(token.content for token in shown)
    for other in VERSION, DATE, ADDRESS:
        text = other.sub("", text)
    return text


def numbers(tokens):
    """Return the numbers that a reader reads, sorted."""
    found = NUMBER.findall(prose(tokens).replace("−", "-"))
    return sorted(number.replace(",", "").strip("-") for number in found)


def digits_and_words(tokens):
    """Count each digit that stands alone, and how often it stands as a word, too."""
    digits = collections.Counter(n for n in numbers(tokens) if len(n) == 1)
    both = digits.copy()
    for number, words in enumerate(DIGITS.split()):
        pattern = re.sub(r"[a-z?]+", r"\\b\g<0>\\b", words)
        both[str(number)] += len(re.findall(pattern, prose(tokens), re.IGNORECASE))
    return digits, both


def parts(tokens):
    """Return what the same section in the other language must have, too."""
    # "one" and "1" are easily exchanged: the test looks for both.
    found = [[number for number in numbers(tokens) if len(number) > 1]]
    for token in tokens:
        if token.type == "html_block":  # cog's calls
            found.append(re.findall(r"\[\[\[cog (.+)", token.content))
        elif token.type == "fence":
            found.append((token.info, re.sub(r" *#.*", "", token.content)))
        elif token.type in ("heading_open", "tr_open", "image", "list_item_open"):
            picture = token.attrs.get("src", "").replace(".zh-TW", "")
            found.append((token.type, token.tag, picture))
    return found


def links(text):
    """Return what a page links to and shows."""
    found = re.findall(r'(?:src|href)="([^"]+)"', text)
    for token in itertools.chain(*sections(text)):
        found += [token.attrs[key] for key in ("href", "src") if key in token.attrs]
    return found


def anchors(text):
    """Return the names that the host of a project gives to the headings of a page."""
    titles = [title.lower() for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def test_the_tables_are_up_to_date():
    assert pages.main(["--check"]) == 0


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_call_fills_a_table_or_a_block_and_no_sentence(text):
    calls = CALL.findall(text)
    assert len(calls) == text.count("[[[cog") == text.count("[[[end")
    for call, made in calls:
        assert "\n" not in call
        assert re.match(r"\|(.*\|\n\|)+.*\|\n\Z|```", made), call


@pytest.mark.parametrize("name", TEXTS)
def test_links_and_pictures_lead_somewhere(name):
    for link in links(TEXTS[name]):
        file, _, anchor = unquote(link).partition("#")
        if "://" not in link:
            path = (PROJECT / name).parent / file if file else PROJECT / name
            assert path.exists(), link
            assert not anchor or anchor in anchors(path.read_text("utf-8")), link


def test_a_picture_is_one_that_a_program_on_record_draws():
    drawn = {
        png for name in record.RUNS for png in record.read(name).get("pictures", ())
    }
    for name, text in TEXTS.items():
        shown = {link.rpartition("/")[2] for link in links(text) if ".png" in link}
        assert {png for png in shown if not BY_HAND.match(png)} <= drawn, name


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_number_in_prose_stands_in_a_table_of_its_page(text):
    rendered = "\n".join(made for _, made in CALL.findall(text))
    allowed, typed = (
        numbers(itertools.chain(*sections(part)))
        for part in (rendered, CALL.sub("", text))
    )
    measured = {number for number in typed if "." in number or "%" in number}
    assert measured <= {*allowed, *GIVEN.split()}


@pytest.mark.parametrize("name", TEXTS)
def test_prose_is_for_readers(name):
    text = TEXTS[name]
    assert not PRIVATE.search(re.sub("「.*?」|`.*?`", "", text))
    assert not re.search(r"\d %", text)
    assert not re.search("[;；]$", text, re.MULTILINE)  # a list of whole sentences
    for paragraph in paragraphs(text) if name in ENGLISH else []:
        assert words(paragraph) <= 90
        for sentence in re.split(r"(?<=[.?!])\W*\s", paragraph):
            assert words(sentence) <= 30, sentence


@pytest.mark.parametrize("name", ENGLISH)
def test_both_languages_have_the_same_parts(name):
    chinese = name.replace(".md", ".zh-TW.md")
    pairs = zip(sections(TEXTS[name]), sections(TEXTS[chinese]), strict=True)
    for pair in pairs:
        assert parts(pair[0]) == parts(pair[1])
        (digits, both), (other_digits, other_both) = map(digits_and_words, pair)
        assert digits <= other_both and other_digits <= both


def test_the_lines_of_the_readme_run_without_any_file_of_ours(tiny_npz, tmp_path):
    (snippet,) = re.findall(r"```python\n(.*?)```", TEXTS["README.md"], re.DOTALL)
    offline = f"""
import keras, numpy
with numpy.load({str(tiny_npz)!r}) as file:
    sets = (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
keras.datasets.mnist.load_data = lambda: sets
"""
    command = [sys.executable, "-c", offline + snippet]
    environment = {**os.environ, "MPLBACKEND": "agg"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "autoencoder.png").stat().st_size > 0


def write(project, name, data):
    path = project / f"record/{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": data}), encoding="utf-8")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the record of a claim and of a script, three seeds."""
    tests = [1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [1.0, 2.0, 3.0]
    for seed, bce in enumerate([0.1, 0.2, 0.6]):
        history = {"loss": [0.9, 0.4, 0.1], "val_loss": tests[seed]}
        data = {"bce": bce, "code_size": 1568, "epochs": 3, "history": history}
        write(tmp_path, f"a_ae-{seed}", data)
    summary = {"mean": 0.5, "low": -0.25, "high": 0.75}
    rows = {"as it is": {"bce": 0.25}, "noise 0.5": {"bce": summary}}
    write(tmp_path, "claim", {"rows": rows})
    write(tmp_path, "post", {"a_ae": {"loss": None, "epochs": 20}})
    monkeypatch.setattr(pages, "PROJECT", tmp_path)
    monkeypatch.setattr(record, "SCRIPTS", {"a_ae": 1.25})
    return tmp_path


def fill(project, call, *rows, columns=3, status=0, first_check=1):
    """Return what a call makes of a table with such rows, head and line first."""
    page = project / "page.md"
    head = "| a " * columns + "|", "|---" * columns + "|"
    lines = [f"<!-- [[[cog {call} ]]] -->", *head, *rows]
    page.write_text("\n".join([*lines, "<!-- [[[end]]] -->\n"]), encoding="utf-8")
    assert pages.main(["--check"]) == first_check
    assert pages.main([]) == status
    assert pages.main(["--check"]) == status
    return page.read_text(encoding="utf-8").splitlines()[1:-1]


def test_a_table_keeps_its_words_and_gets_its_numbers(project, capsys):
    call = 'table("claim", ["as it is", "noise 0.5"], ["rows.{row}.bce:.2f"])'
    assert fill(project, call, "| 詞 | old | 1 |", "| a | b |")[2:] == [
        "| 詞 | old | 0.25 |",
        "| a | b | 0.50 (−0.25–0.75) |",
    ]
    over_seeds = 'table("", ["a_ae"], ["{row}/bce", "{row}/bce.high:.0%"])'
    filled = fill(project, over_seeds, "| a |")[2]
    assert filled == "| a | 0.3000 (0.1000–0.6000) | 60% |"

    fill(project, 'table("claim", "rows", ["bce"])', "| a |", status=1)
    assert "1 rows, the record 2" in capsys.readouterr().err
    fill(project, 'table("claim", ["nothing"], ["bce"])', "| a |", status=1)
    assert "nothing.bce is not among" in capsys.readouterr().err
    not_yet_run = 'table("not_yet_run", ["as it is"], ["bce"])'
    assert fill(project, not_yet_run, "| a | b |", first_check=0)[2] == "| a | b |"


def test_the_scripts_with_a_column_for_a_gpu_if_that_is_on_record(project, capsys):
    row = "| [a_ae.py](a_ae.py) | idea |"
    cells = " 1,568 | 20 | – | 3 | 0.3000 (0.1000–0.6000) | 1.2 |"
    assert fill(project, "scripts()", row, columns=8)[2] == row + cells
    fill(project, "scripts()", row, row.replace("a_ae", "b_ae"), status=1)
    assert "'b_ae'" in capsys.readouterr().err

    write(project, "gpu/a_ae-0", {"seconds": 0.6})
    head, line, filled = fill(project, "scripts()", row + cells, columns=8)
    assert filled == row + cells + " 1 |"
    assert head.endswith("| GPU, s |") and head.count("|") == line.count("|")


def test_overfitting_is_seen_in_the_epoch_of_the_lowest_loss(project):
    filled = fill(project, "overfitting()", "| [a_ae.py](a_ae.py) |", columns=5)[2]
    assert filled == "| [a_ae.py](a_ae.py) | 0.1000 | 3.0000 | 1.0000 | 1–2 / 3 |"
