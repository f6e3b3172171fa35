"""Fill the tables of the pages from record/, with cog.

    python tools/pages.py                   fills them
    python tools/pages.py docs/method.md    fills those of one page
    python tools/pages.py --check           shows what is not up to date; then status 1

A page has a call in one line, and below it the table that it fills. The words of the
table, its heads and its first cells, are the writer's; the last cells are filled.

    <!-- [[[cog table("pca", ["pca", "simple_ae"], ["bce:.4f", "mse"]) ]]] -->
    | 32 numbers | BCE | MSE |
    |---|---|---|
    | PCA | 0.1157 | 0.0152 |
    | simple_ae.py | 0.0911 | 0.0095 |
    <!-- [[[end]]] -->
"""

import json
from pathlib import Path
import re
from statistics import mean
import sys
from textwrap import dedent

from cogapp import Cog
import numpy as np
import record

PROJECT = Path(__file__).resolve().parent.parent


def pages():
    """Return the pages in English and in Chinese, sorted."""
    places = "*.md", "claims/*.md", "claims/history/*.md", "docs/*.md", "data/*.md"
    return sorted(path for place in places for path in PROJECT.glob(place))


def read_json(path):
    return json.loads((PROJECT / path).read_text(encoding="utf-8"))


def numbers_of(name):
    """Return the numbers of a record, or of a Keras of old."""
    if name.startswith("history/"):
        return read_json(f"claims/history/output/{name.removeprefix('history/')}.json")
    return read_json(f"record/{name}.json")["data"]


def seeds_of(name):
    """Return what a script has written with each of its seeds, a list of dicts."""
    paths = sorted(PROJECT.glob(f"record/{name}-[0-9].json"))
    return [numbers_of(path.stem) for path in paths]


def inside(data, path):
    """Return what stands at a path; a key may have dots itself, such as "0.5"."""
    if not path:
        return data
    if isinstance(data, list):
        first, _, rest = path.partition(".")
        return inside(data[int(first)], rest)
    for key in sorted(data, key=len, reverse=True):
        if f"{path}.".startswith(f"{key}."):
            return inside(data[key], path[len(key) + 1 :])
    raise KeyError(f"{path} is not among {list(data)}")


def look_up(name, path):
    """Return what stands at a path in a record; of a script, the summary over seeds."""
    if "/" in path:
        name, _, path = path.rpartition("/")
    seeds = seeds_of(name)
    if not seeds:
        return inside(numbers_of(name), path)

    path, _, part = path.partition(".")
    values = [inside(numbers, path) for numbers in seeds]
    if len(set(values)) == 1:
        return values[0]
    found = {"mean": mean(values), "low": min(values), "high": max(values)}
    return found[part] if part else found


def as_text(value, form=""):
    """Return a value as a cell shows it; a summary as "0.0911 (0.0911–0.0912)"."""
    if isinstance(value, dict):
        mean, low, high = (as_text(value[key], form) for key in ("mean", "low", "high"))
        return f"{mean} ({low}–{high})"
    if isinstance(value, int | float):
        usual = ",d" if isinstance(value, int) else ".4f"
        return format(value, form or usual).replace("-", "−")
    return "–" if value is None else str(value)


def table(name, rows, columns):
    """Fill the last cells of the table below the call.

    Args:
        name: that of a record, such as "few_labels" for record/few_labels.json.
        rows: a list of words, one a row; or the path of a dict or a list in the record,
            of which each entry is a row.
        columns: one a column to fill: a path from the row on and perhaps a format, such
            as "bce:.4f"; with `{row}`, the row's word, it is the whole path.

    A path such as "simple_ae/bce" lies in another record. A summary over seeds is shown
    as mean and range; ".mean", ".low" and ".high" are its parts. As long as a program
    is not on record, its tables stay as they are.
    """
    try:
        fill(list(cells_of(name, rows, columns)))
    except FileNotFoundError:
        print(*previous(), sep="\n")


def cells_of(name, rows, columns):
    """Yield for each row of a table the texts of its last cells."""
    if isinstance(rows, str):
        found = look_up(name, rows)
        keys = found if isinstance(found, dict) else range(len(found))
        rows = [f"{rows}.{key}" for key in keys]

    for row in rows:
        cells = []
        for column in columns:
            whole = column if "{row}" in column else "{row}." + column
            path, _, form = whole.partition(":")
            cells.append(as_text(look_up(name, path.replace("{row}", str(row))), form))
        yield cells


def previous():
    """Return the lines that stand below the call."""
    return sys.modules["cog"].previous.strip().splitlines()


def fill(filled, further_head=""):
    """Print the table below the call, with rows of texts as its last cells."""
    head, line, *old = previous()
    if further_head not in head:
        head += f" {further_head} |"
        line += "---|"
    if len(old) != len(filled):
        raise ValueError(f"the page has {len(old)} rows, the record {len(filled)}")
    print(head, line, sep="\n")
    for text, cells in zip(old, filled):
        words = text.split("|")[1 : head.count("|") - len(cells)]
        print("|".join(["", *words, *(f" {cell} " for cell in cells), ""]))


def scripts_of_the_page():
    """Return the scripts of the table below the call, by its `[NAME.py](...)`."""
    return re.findall(r"^\| \[(\w+)\.py\]", "\n".join(previous()), re.MULTILINE)


def scripts():
    """Fill the table of the scripts; the seconds on a GPU follow if they are there."""
    names = scripts_of_the_page()
    if sorted(names) != sorted(record.SCRIPTS):
        raise ValueError(f"the page has {names}, the record {list(record.SCRIPTS)}")
    columns = ["{row}/code_size", "post/{row}.epochs", "post/{row}.loss"]
    columns += ["{row}/epochs", "{row}/bce"]
    filled = list(cells_of("", names, columns))
    for name, cells in zip(names, filled):
        cells.append(f"{record.SCRIPTS[name]:.1f}")

    try:
        seconds = list(cells_of("", names, ["gpu/{row}-0/seconds:.0f"]))
    except FileNotFoundError:
        return fill(filled)
    fill([cells + more for cells, more in zip(filled, seconds)], "GPU, s")


def overfitting():
    """Fill the table of training and test BCE, and of the epochs of the lowest."""
    filled = []
    for name in scripts_of_the_page():
        histories = [numbers["history"] for numbers in seeds_of(name)]
        penalised = "binary_crossentropy" in histories[0]  # then loss is not BCE
        key = "binary_crossentropy" if penalised else "loss"
        train = np.array([history[key] for history in histories])
        test = np.array([history[f"val_{key}"] for history in histories])

        means = [losses.mean() for losses in (train[:, -1], test[:, -1], test.min(1))]
        best = test.argmin(axis=1) + 1
        when = "–".join(str(epoch) for epoch in sorted({best.min(), best.max()}))
        filled.append([*map(as_text, means), f"{when} / {train.shape[1]}"])
    fill(filled)


def printed(name, count):
    """Print the last lines that a program has printed, with its command."""
    command = read_json(f"record/{name}.json")["command"]
    text = (PROJECT / f"record/{name}.txt").read_text(encoding="utf-8")
    lines = text.rstrip().splitlines()[-count:]
    print("```text", f"$ python {command}", *lines, "```", sep="\n")


def code(file, *texts):
    """Print the paragraphs of a file, between blank lines, that have these texts."""
    paragraphs = (PROJECT / file).read_text(encoding="utf-8").split("\n\n")
    found = []
    for text in texts:
        (paragraph,) = [part for part in paragraphs if text in part]
        found.append(dedent(paragraph.strip("\n")))
    print("```python", "\n\n".join(found), "```", sep="\n")


def main(argv):
    is_check = "--check" in argv
    named = [word for word in argv if word != "--check"] or map(str, pages())
    calls = "code, overfitting, printed, scripts, table"
    options = ["-P", "-U", "-n", "utf-8", "-I", str(Path(__file__).parent)]
    options += ["-p", f"from pages import {calls}", "--verbosity=1"]
    # Never -r and --check: then cog writes, and its status is 0.
    options += ["--check", "--diff"] if is_check else ["-r"]
    return 1 if Cog().main(["cog", *options, *named]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
