"""What the pages have from record/: cog writes it into them.

    python tools/readme.py            writes it
    python tools/readme.py --check    says what it would change; status 1 if anything

A page has calls in comments, each with what it prints below it:

    <!-- [[[cog
    say("After ten epochs the loss is {simple_ae.bce:.4f}.")
    ]]] -->
    After ten epochs the loss is 0.0911.
    <!-- [[[end]]] -->

`scripts(cog.previous)` and `baselines(cog.previous)` around a table fill in its last
cells, `block("pca", 4)` shows a command and the last lines that it printed.
"""

import json
from math import prod
from pathlib import Path
import re
from statistics import mean
import sys

from cogapp import Cog
from post import POST
import record


def pages():
    """Return the pages in English and in Chinese, sorted."""
    places = "README*.md", "claims/README*.md", "claims/history/README*.md", "docs/*.md"
    return sorted(path for place in places for path in record.PROJECT.glob(place))


def block(name, last=0, summary=""):
    """Print a command, and the last lines that it has printed, or all.

    With a summary, a text in the page's language, the lines are folded below it.
    """
    own = record.read(name)
    print(f"```bash\n.venv/bin/python {own['command']}\n```")
    if summary:
        print(f"<details><summary>{summary}</summary>\n")
    print("```text", *own["lines"][-last:], "```", sep="\n")
    if summary:
        print("\n</details>")


def say(text):
    """Print a text with the number on record for each {name.key:format}.

    The name is that of a record, such as "pca" or "simple_ae-0", or that of a script:
    then it is the mean of its seeds, and {simple_ae.bce.min:.4f} their least, .max
    their most. What lies deeper has more dots: {few_labels.accuracy.100.pca:.1%}, and
    the post's own numbers are {post.simple_ae.loss:.4f}. "h100/simple_ae" is on record
    for another machine, "history/NAME" is what claims/history/ has written.
    """

    def found(place):
        return format(look_up(place[1]), place[2] or "")

    place = r"\{([\w/-]+(?:\.[^{}:.]+)+)(?::([^{}]*))?\}"
    print(re.sub(place, found, text.strip()))


def look_up(place):
    """Return what stands at a place such as "simple_ae.bce.min"."""
    words = place.split(".")
    for count in range(1, len(words)):  # "history/keras-2.3.1" has dots of its own
        name, keys = ".".join(words[:count]), words[count:]
        data = numbers_of(name)
        if data:
            return inside(data, keys)
        if seeds(name):
            of_seeds = {"min": min, "max": max}.get(keys[-1])
            keys = keys[:-1] if of_seeds else keys
            return (of_seeds or mean)([inside(data, keys) for data in seeds(name)])
    raise KeyError(f"nothing is on record for {place}")


def inside(data, keys):
    for key in keys:
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


def numbers_of(name):
    """Return the numbers that a program, the post or a Keras of old has, or {}."""
    folder, _, own_name = name.rpartition("/")
    if name == "post":
        return POST
    if folder == "history":
        path = record.PROJECT / "claims/history/output" / f"{own_name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record.read(own_name, folder).get("data", {})


def seeds(name):
    """Return what a script has written with each of its seeds, a list of dicts."""
    found = [numbers_of(f"{name}-{seed}") for seed in record.SEEDS]
    return [data for data in found if data]


def fill(table, rows):
    """Print a table again, with rows, lists of cells, in place of its last cells."""
    head, line, *old = table.strip().splitlines()
    print(head, line, sep="\n")
    for text, cells in zip(old, rows, strict=True):
        words = text.strip("|").split("|")[: -len(cells)]
        print("|".join(["", *words, *(f" {cell} " for cell in cells), ""]))


def scripts(table):
    """Fill in a table of the scripts, whose rows begin with `[NAME.py](...)`.

    The last four cells are the numbers in the code, the post's val_loss, the test BCE
    (mean and range of the seeds) and minutes.
    """
    found = re.findall(r"^\| \[(\w+)\.py\]", table, re.MULTILINE)
    known = [n for n, path in record.programs().items() if record.is_script(path)]
    if sorted(found) != sorted(known):
        raise ValueError(f"the table has {found}, the project {known}")

    rows = []
    for name in found:
        data = seeds(name)
        bces = [own["bce"] for own in data]
        rows.append(
            [
                prod(data[0]["code"]),
                f"{POST[name]['loss']:.4f}" if name in POST else "–",
                f"{mean(bces):.4f} ({min(bces):.4f}–{max(bces):.4f})",
                f"{mean(own['seconds'] for own in data) / 60:.1f}",
            ]
        )
    fill(table, rows)


def baselines(table):
    """Fill in BCE and MSE of the answers that claims/pca.py compares, in its order."""
    rows = numbers_of("pca")["baselines"]
    fill(table, [[f"{row['bce']:.4f}", f"{row['mse']:.4f}"] for row in rows])


def changes(table):
    """Fill in a table of claims/one_change.py's changes, in its order.

    The last two cells are the loss of the script itself and that with the change, each
    a mean of the seeds; the second has its range.
    """
    rows = []
    for change in numbers_of("one_change").values():
        for case in change.values() if isinstance(change, dict) else []:
            if isinstance(case, dict) and "outcome" in case:
                own = next(iter(case["own"].values()))
                new = next(iter(case["changed"].values()))
                spread = f"({new['low']:.4f}–{new['high']:.4f})"
                rows.append([f"{own['mean']:.4f}", f"{new['mean']:.4f} {spread}"])
    fill(table, rows)


def history(table):
    """Fill in a table of Kerases, one row for each file in claims/history/output/.

    The first cell has the number of the version in the file's name. The last six are
    how often the penalty counts, the losses that this Keras prints, BCE, share and mean
    of the code that is active, and the BCE without penalty.
    """
    paths = record.PROJECT.glob("claims/history/output/*.json")
    files = {path.stem.partition("-")[2]: path.stem for path in paths}
    texts = [row.split("|")[1] for row in table.strip().splitlines()[2:]]
    versions = [re.search(r"\d+(\.\d+)+", text)[0] for text in texts]
    if sorted(versions) != sorted(files):
        raise ValueError(f"the table has {versions}, the folder {list(files)}")

    rows = []
    for version in versions:
        data = numbers_of(f"history/{files[version]}")
        sparse = data["runs"]["sparse"]
        rows.append(
            [
                f"× {data['factor']:.0f}",
                f"{sparse['loss'][-1]:.4f} / {sparse['val_loss'][-1]:.4f}",
                f"{sparse['bce']:.4f}",
                f"{sparse['active']:.3%}",
                f"{sparse['mean_code']:.2f}",
                f"{data['runs']['plain']['bce']:.4f}",
            ]
        )
    fill(table, rows)


def machine(folder=""):
    """Print with what and on what the scripts on record were run, one line a kind."""
    found = set()
    for name in record.commands():
        own = record.read(name, folder)
        if name[-2:-1] == "-" and own:
            versions = [
                f"{n} {number}" for n, number in own["data"]["versions"].items()
            ]
            where = f"{own['machine']['processor']}, {own['machine']['cores']}"
            found.add(f"- {', '.join(versions)}; {where} × CPU")
    print(*sorted(found), sep="\n")


def main(flags):
    texts = {path: path.read_text(encoding="utf-8") for path in pages()}
    with_calls = [str(path) for path, text in texts.items() if "[[[cog" in text]
    names = "baselines, block, changes, history, machine, say, scripts"
    prologue = f"from readme import {names}"
    options = ["-P", "-U", "-n", "utf-8", "-I", str(Path(__file__).parent)]
    # Never -r and --check: then cog writes, and its status is 0.
    how = ["--check", "--diff"] if "--check" in flags else ["-r"]
    status = Cog().main(["cog", *options, "-p", prologue, *how, *with_calls])
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
