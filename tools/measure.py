"""Run scripts and claims, and keep what they print: results.csv and claims.txt.

    python tools/measure.py                          seeds 0 to 4 of all seven scripts
    python tools/measure.py --scripts vae --seeds 3 4
    python tools/measure.py --claims                 then the claims, but those in LONG
    python tools/measure.py --claims pca "exercises all"
    python tools/measure.py --table                  the README's tables of results

Each run of a script is a row of tools/results.csv. A run that is there for the code of
today is not repeated, so the program can be stopped and gone on with, and two of them
can run side by side for different seeds. Rows of older code stay until --clean, but
nothing reads them. Another machine's runs (a GPU, say) need another file: --results.
A claim is run again each time; its lines take the place of the old in tools/claims.txt.
"""

import argparse
import ast
import csv
from datetime import date
import hashlib
from importlib.metadata import version
import io
import os
from pathlib import Path
import platform
import re
import subprocess
import sys
import tempfile

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = Path("tools", "results.csv")  # below PROJECT, as is
CLAIMS = Path("tools", "claims.txt")
SCRIPTS = [
    "simple_ae",
    "sparse_ae",
    "deep_ae",
    "conv_ae",
    "denoise_ae",
    "seq2seq_ae",
    "vae",
]
SEEDS = [0, 1, 2, 3, 4]
# Claims that take too long for CI, with their arguments: only the record has them.
LONG = ["exercises all", "settings all", "speed", "symptoms all"]
COLUMNS = [
    "script",
    "seed",
    "bce",
    "mse",
    "psnr",
    "elbo",  # of vae.py only
    "seconds",
    "epochs",
    "parameters",
    "extra",  # what a script prints of itself, such as sparse_ae.py's dead units
    "backend",
    "keras",
    "numpy",
    "python",
    "processor",
    "cores",
    "date",
    "code",
]
# What a training depends on in common.py. The figures may change without a new run.
TRAINING = "load_mnist", "_checked", "add_noise", "speed_options"


def code_of(script):
    """Return 12 digits that change with the code that a script trains with.

    It is the script without comments and docstrings, and TRAINING's functions.
    """
    trees = []
    for name in script, "common":
        source = (PROJECT / f"{name}.py").read_text(encoding="utf-8")
        trees.append(ast.parse(source))
    parts = [
        node
        for node in trees[1].body
        if isinstance(node, ast.FunctionDef) and node.name in TRAINING
    ]
    for tree in trees:
        for node in ast.walk(tree):
            documented = isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            if documented and ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    code = "\n".join(ast.unparse(tree) for tree in [trees[0], *parts])
    code = code.replace('"', "'")  # in f-strings Pythons differ in the quotes
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def parse(script, printed):
    """Return what a run has printed, as a dict of columns to text.

    Raises:
        ValueError: the last line is no result line.
    """
    lines = printed.strip().splitlines()
    result = re.fullmatch(
        rf"{script}: test BCE (?P<bce>[\d.]+) \(floor [\d.]+\) \| MSE (?P<mse>[\d.]+) "
        r"\| PSNR (?P<psnr>[\d.]+) dB \| (ELBO (?P<elbo>-?[\d.]+) nats \| )?"
        r"(?P<seconds>\d+) s",
        lines[-1] if lines else "",
    )
    if result is None:
        raise ValueError(f"{script}.py has printed no result line")
    values = {name: value or "" for name, value in result.groupdict().items()}
    epochs = re.findall(r"^Epoch \d+/(\d+)", printed, re.MULTILINE)
    values["epochs"] = epochs[-1] if epochs else "1"  # which Keras does not count
    if total := re.search(r"Total params: ([\d,]+)", printed):
        values["parameters"] = total[1].replace(",", "")
    # Keras's progress bars end with val_loss; after the last one the script speaks.
    trained = max((i for i, line in enumerate(lines) if "val_loss" in line), default=-1)
    own = [line for line in lines[trained + 1 : -1] if not line.startswith("saved ")]
    return values | {"extra": " / ".join(own)}


def processor():
    """Return the name of the processor, as the system gives it."""
    info = Path("/proc/cpuinfo")  # on Linux, where platform knows only "x86_64"
    names = []
    if info.is_file():
        text = info.read_text(encoding="utf-8")
        names = re.findall(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return names[0] if names else platform.processor() or platform.machine()


def machine():
    """Return the columns that say where and with what a run was made."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    affinity = getattr(os, "sched_getaffinity", None)  # not on Windows and macOS
    return {
        "backend": f"{backend} {version(backend)}",
        "keras": version("keras"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "processor": processor(),
        "cores": str(len(affinity(0)) if affinity else os.cpu_count()),
        "date": date.today().isoformat(),
    }


def read_results(path):
    """Return the rows of a results file that were made by the code of today."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {script: code_of(script) for script in SCRIPTS}
    return [row for row in rows if row["code"] == codes.get(row["script"])]


def append(path, row):
    """Add a row to the file at once; a new file gets its line of names first."""
    with path.open("a", encoding="utf-8", newline="") as file:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        if file.tell() == 0:
            writer.writeheader()
        writer.writerow(row)
        file.write(text.getvalue())


def clean(path):
    """Drop the rows of older code, and sort the others by script and seed."""
    rows = read_results(path)
    rows.sort(key=lambda row: (SCRIPTS.index(row["script"]), int(row["seed"])))
    path.unlink(missing_ok=True)
    for row in rows:
        append(path, row)


def run_python(*command):
    """Run a program in the project's folder; return (status, printed, errors)."""
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=PROJECT,
        env={**os.environ, "PYTHONUTF8": "1"},  # Windows has other encodings
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    return done.returncode, done.stdout, done.stderr


def measure(scripts, seeds, results, out=None):
    """Run what is not on record yet, seed by seed; return the status, 0 or 1.

    Args:
        scripts, seeds: lists.
        results: the .csv file, a Path.
        out: a folder for the models and figures of the seeds above 0, or None: they are
            thrown away. Those of seed 0 go to outputs/, where the claims find them.
    """
    results.parent.mkdir(parents=True, exist_ok=True)  # or a training would be lost
    for seed in seeds:
        for script in scripts:
            code = code_of(script)
            if any(
                row["script"] == script and row["seed"] == str(seed)
                for row in read_results(results)
            ):
                print(f"{script}, seed {seed}: on record", flush=True)
                continue
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as thrown_away:
                folder = out / f"seed-{seed}" if out else thrown_away
                folder = PROJECT / "outputs" if seed == 0 else folder
                flags = "--seed", str(seed), "--out", str(folder)
                status, printed, errors = run_python(f"{script}.py", *flags)
            try:
                values = parse(script, printed)
            except ValueError as error:
                errors, status = f"{errors}\n{error}", status or 1
            if status:
                print("\n".join((printed + errors).splitlines()[-20:]))
                print(f"{script}, seed {seed}: failed", flush=True)
                return 1
            own = {"script": script, "seed": str(seed), "code": code}
            append(results, values | machine() | own)
            if values["extra"]:
                print(values["extra"])
            print(f"seed {seed}: {printed.strip().splitlines()[-1]}", flush=True)
    return 0


def own_lines(printed):
    """Return what a program says itself, without Keras's bars and the files saved."""
    bar = re.compile(r"[\r\b\x1b]|^Epoch \d+/\d+$|^saved ")
    lines = [line.rstrip() for line in printed.split("\n") if not bar.search(line)]
    return "\n".join(lines).strip("\n").split("\n")


def read_claims(path):
    """Return {command: lines} of a file in which `$ command` heads what it printed."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    sections = re.split(r"^\$ (.+)\n", text, flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return {command: own_lines(printed) for command, printed in pairs}


def claim_commands():
    """Return {name: command} of the claims; a name in LONG has its arguments too."""
    paths = sorted((PROJECT / "claims").glob("*.py"))
    programs = [
        path.stem for path in paths if "__main__" in path.read_text(encoding="utf-8")
    ]
    with_arguments = {name.split()[0]: name for name in LONG}
    names = [with_arguments.get(name, name) for name in programs]
    return {name: claim_command(name) for name in names}


def claim_command(name):
    """Return such as "python claims/exercises.py all", of "exercises all"."""
    program, *arguments = name.split()
    return " ".join([f"python claims/{program}.py", *arguments])


def record_claims(names, path):
    """Run claims on the models in outputs/ and record their lines; return 0 or 1.

    Args:
        names: without `.py`; none of them: all but those in LONG.
        path: the file of `read_claims`.
    """
    for name in names or [name for name in claim_commands() if name not in LONG]:
        command = claim_command(name)
        print(f"$ {command}", flush=True)
        status, printed, errors = run_python(*command.split()[1:])
        if status:
            print("\n".join((printed + errors).splitlines()[-20:]))
            return 1
        record = read_claims(path) | {command: own_lines(printed)}
        print(*record[command], "", sep="\n", flush=True)
        # Written after each claim, so that it can be stopped.
        texts = ["\n".join([f"$ {key}", *record[key]]) for key in sorted(record)]
        path.write_text("\n\n".join(texts) + "\n", encoding="utf-8", newline="\n")
    return 0


def mean_and_range(values, digits):
    """Return such as `0.0911 (0.0909–0.0913)`; a single value stands alone."""
    mean, low, high = (
        f"{value:.{digits}f}"
        for value in (sum(values) / len(values), min(values), max(values))
    )
    dash = " to " if min(values) < 0 else "–"
    return f"{mean} ({low}{dash}{high})" if len(values) > 1 else mean


def summary(rows):
    """Return {script: {column: text}}: the tables' cells, for the rows of a file."""
    cells = {}
    for script in SCRIPTS:
        own = [row for row in rows if row["script"] == script]
        if not own:
            continue
        cells[script] = {
            name: mean_and_range([float(row[name]) for row in own], digits)
            for name, digits in (("bce", 4), ("mse", 4), ("psnr", 1), ("elbo", 1))
            if all(row[name] for row in own)
        }
        seconds = [float(row["seconds"]) for row in own]
        cells[script]["minutes"] = f"{sum(seconds) / len(seconds) / 60:.1f}"
        cells[script]["epochs"] = own[0]["epochs"]
        cells[script]["parameters"] = f"{int(own[0]['parameters']):,}"
    return cells


def fill_in(text, cells):
    """Return the rows of a README's table of scripts, the last two columns made anew.

    Args:
        text: the README. Its table has six columns: script, section of the post, what
            it shows, the post's val_loss, test BCE, minutes.
        cells: what `summary` returned.
    """
    rows = []
    for line in text.splitlines():
        script = re.match(r"\| \[(\w+)\.py\]", line)
        columns = [cell.strip() for cell in line.strip("|").split("|")]
        if script and script[1] in cells and len(columns) == 6:
            own = cells[script[1]]
            columns[4:] = own["bce"], own["minutes"]
            rows.append(f"| {' | '.join(columns)} |")
    return rows


def print_tables(results):
    """Print the rows for both READMEs, and a table of all that was measured."""
    cells = summary(read_results(results))
    for name in "README.md", "README.zh-TW.md":
        text = (PROJECT / name).read_text(encoding="utf-8")
        print(f"{name}:", *fill_in(text, cells), "", sep="\n")
    names = ["bce", "mse", "psnr", "elbo", "epochs", "parameters", "minutes"]
    print(f"| script | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for script, own in cells.items():
        values = " | ".join(own.get(name, "–") for name in names)
        print(f"| {script}.py | {values} |")


def main(argv=None):
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--scripts", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--results", type=Path, default=PROJECT / RESULTS)
    parser.add_argument(
        "--out", type=Path, help="keep the models of seeds above 0 here"
    )
    parser.add_argument("--claims", nargs="*", help="run these claims, or all")
    parser.add_argument("--table", action="store_true", help="only print the tables")
    parser.add_argument(
        "--clean", action="store_true", help="only drop older code's rows"
    )
    args = parser.parse_args(argv)
    sys.stdout.reconfigure(encoding="utf-8")  # for the dashes, on Windows
    if args.table:
        return print_tables(args.results)
    if args.clean:
        return clean(args.results)
    if args.claims is not None:
        return record_claims(args.claims, PROJECT / CLAIMS)
    out = args.out.resolve() if args.out else None
    return measure(args.scripts, args.seeds, args.results, out)


if __name__ == "__main__":
    sys.exit(main())
