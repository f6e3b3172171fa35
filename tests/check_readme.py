"""Prove the READMEs: run all they name, compare what is printed with what they say.

    python tests/check_readme.py

It runs the seven scripts at their defaults (into outputs/), then the commands and
Python snippets of README.md. It fails if one of them does, if a number in the table of
scripts is off by more than TOLERANCE (times are not compared), if the two READMEs
differ in a table or a command, or if a relative link leads nowhere. Not run are the
tests, which come first, and compare_speed.py, which takes long. --quick leaves out all
that trains.
"""

import argparse
import importlib
from pathlib import Path
import re
import subprocess
import sys
import time

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
import common
import numpy as np

READMES = "README.md", "README.zh-TW.md"
SCRIPTS = [
    "simple_ae",
    "sparse_ae",
    "deep_ae",
    "conv_ae",
    "denoise_ae",
    "seq2seq_ae",
    "vae",
]

# How far a printed number may be from the table's: about what a seed changes.
TOLERANCE = {"BCE": 0.0015, "MSE": 0.0006, "PSNR": 0.4, "ELBO": 2.0, "exact": 0}
TOLERANCE |= {"BCE of vae": 0.003, "MSE of vae": 0.0012}
# the columns of the table of scripts, from 0
CODE, PARAMETERS, EPOCHS, BCE, MSE, PSNR = 3, 4, 5, 8, 9, 10


def tables(text):
    """Return the tables of a Markdown text: lists of rows, each a list of cells."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif rows:
            found.append(rows)
            rows = []
    return found


def scripts_table(text):
    """Return {script or baseline: cells} of the table that links to the scripts."""
    table = next(rows for rows in tables(text) if ".py](" in str(rows))
    return {re.sub(r"\[(\w+)\.py\].*", r"\1", row[0]): row for row in table[2:]}


def scripts_named(text):
    """Return the scripts that the table links to, without `.py`."""
    return [name for name, row in scripts_table(text).items() if ".py](" in row[0]]


def numbers(text):
    """Return the numbers of a text, as written."""
    return re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?", text)


def number(cell):
    return float(numbers(cell)[0].replace(",", ""))


def blocks(text, language):
    """Return the fenced code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def compare_readmes(texts):
    """Return what differs between the READMEs' tables, commands and code."""
    problems = []
    first, second = texts.values()
    for language in "bash", "python":
        if blocks(first, language) != blocks(second, language):
            problems.append(f"the READMEs' {language} blocks differ")
    if scripts_named(first) != scripts_named(second):
        problems.append("the READMEs' tables name other scripts")
    pairs = zip(tables(first), tables(second), strict=False)
    for one, other in pairs:
        for row, twin in zip(one, other, strict=False):
            if numbers(" ".join(row)) != numbers(" ".join(twin)):
                problems.append(f"the READMEs' tables differ: {row} | {twin}")
    shapes = [[len(table) for table in tables(text)] for text in texts.values()]
    if shapes[0] != shapes[1]:
        problems.append(f"the READMEs' tables have {shapes[0]} and {shapes[1]} rows")
    return problems


def check_links(texts):
    """Return the relative links, pictures among them, that lead nowhere."""
    return [
        f"{name} links to {target}, which is not there"
        for name, text in texts.items()
        for target in re.findall(r"\]\(([^)#]+)\)", text)
        if "://" not in target and not (PROJECT / target).exists()
    ]


def check_scripts_are_there(texts):
    """Return the scripts that are missing from a table, or named and not there."""
    problems = []
    for name, text in texts.items():
        named = scripts_named(text)
        missing = [script for script in SCRIPTS if script not in named]
        ghosts = [
            script for script in named if not (PROJECT / f"{script}.py").is_file()
        ]
        problems += [f"{name}'s table has no {script}.py" for script in missing]
        problems += [
            f"{name} names {script}.py, which is not there" for script in ghosts
        ]
    return problems


def baselines():
    """Measure the rows of the table that need no network: {name: (BCE, MSE)}."""
    (x_train, _), (x_test, _) = common.load_mnist()
    guesses = {
        "untrained": np.full_like(x_test, 0.5),
        "mean": np.broadcast_to(x_train.mean(axis=0), x_test.shape),
        "floor": x_test,
    }
    for n in 2, 32, 128:
        pca = common.PCA(x_train, n)
        guesses[f"PCA-{n}"] = pca.decode(pca.encode(x_test))
    return {
        name: (
            common.binary_crossentropy(x_test, guess),
            common.mean_squared_error(x_test, guess),
        )
        for name, guess in guesses.items()
    }


def run(command):
    """Run a shell command in the project's folder; return (what it printed, status)."""
    print(f"$ {command}", flush=True)
    started = time.perf_counter()
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print("\n".join(done.stdout.splitlines()[-8:]))
    print(f"({time.perf_counter() - started:.0f} s)\n", flush=True)
    return done.stdout, done.returncode


def measured(script):
    """Run a script at its defaults; return {column: number} and what it printed."""
    printed, status = run(f"{sys.executable} {script}.py")
    if status:
        return {}, printed
    last = printed.strip().splitlines()[-1]
    bce, mse, psnr = re.search(
        r"test BCE ([\d.]+) .* MSE ([\d.]+) \| PSNR ([\d.]+) dB", last
    ).groups()
    total = re.search(r"Total params: ([\d,]+)", printed)[1].replace(",", "")
    of = " of vae" if script == "vae" else ""
    _, _, decoder = importlib.import_module(script).build_autoencoder()
    return {
        CODE: ("exact", float(np.prod(decoder.input_shape[1:]))),
        PARAMETERS: ("exact", float(total)),
        EPOCHS: ("exact", float(re.findall(r"Epoch \d+/(\d+)", printed)[-1])),
        BCE: (f"BCE{of}", float(bce)),
        MSE: (f"MSE{of}", float(mse)),
        PSNR: ("PSNR", float(psnr)),
    }, printed


def compare(name, cells, values):
    """Return how a row's cells differ from the values measured for its columns."""
    return [
        f"{name}: the table says {cells[column]}, measured {value:.4f}"
        for column, (kind, value) in values.items()
        if abs(number(cells[column]) - value) > TOLERANCE[kind] + 1e-9
    ]


def compare_docstring(script, values):
    """Return whether the script's docstring promises another test BCE."""
    source = (PROJECT / f"{script}.py").read_text(encoding="utf-8")
    promised = re.search(rf"{script}: test BCE ([\d.]+)", source)[1]
    if not values:
        return []
    kind, bce = values[BCE]
    if abs(float(promised) - bce) > TOLERANCE[kind]:
        return [f"{script}.py's docstring says {promised}, measured {bce}"]
    return []


def check_numbers(texts):
    """Run the scripts and return where the table of README.md is wrong."""
    table, problems = scripts_table(texts["README.md"]), []
    rows = {re.match(r"[\w-]*", cells[0])[0]: cells for cells in table.values()}
    for name, (bce, mse) in baselines().items():
        values = {BCE: ("BCE", bce)}
        if numbers(rows[name][PSNR]):
            values |= {MSE: ("MSE", mse), PSNR: ("PSNR", common.psnr(mse))}
        problems += compare(name, rows[name], values)
    for script in SCRIPTS:
        values, printed = measured(script)
        problems += compare(script, table[script], values)
        problems += compare_docstring(script, values)
        if not values:
            problems.append(f"{script}.py failed:\n{printed[-2000:]}")
        elif elbo := re.search(r"ELBO (-[\d.]+) nats", printed.splitlines()[-1]):
            stated = number(re.search(r"ELBO (-[\d.]+)", str(table[script]))[1])
            if abs(stated - float(elbo[1])) > TOLERANCE["ELBO"]:
                problems.append(f"{script}: ELBO {stated} stated, {elbo[1]} measured")
    return problems


def check_commands(text):
    """Run the README's commands and snippets, but the tests and this file itself."""
    problems = []
    for command in "".join(blocks(text, "bash")).splitlines():
        if re.search("pytest|check_readme|compare_speed", command):
            continue
        _, status = run(command)
        if status:
            problems.append(f"this command of README.md failed: {command}")
    for snippet in blocks(text, "python"):
        done = subprocess.run([sys.executable, "-c", snippet], cwd=PROJECT, check=False)
        if done.returncode:
            problems.append(f"this snippet of README.md failed:\n{snippet}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="train nothing")
    quick = parser.parse_args().quick
    texts = {name: (PROJECT / name).read_text(encoding="utf-8") for name in READMES}
    problems = compare_readmes(texts) + check_links(texts)
    problems += check_scripts_are_there(texts)
    if not problems and not quick:
        problems = check_numbers(texts) + check_commands(texts["README.md"])
    for problem in problems:
        print(f"WRONG: {problem}")
    print("the READMEs are wrong" if problems else "the READMEs are right")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
