"""Run the programs whose code has changed, and keep what they print and write.

    python tools/record.py                    all that is not on record for today's code
    python tools/record.py vae-0 pca          these, if they are not on record
    python tools/record.py --folder gpu       into record/gpu: another machine's seconds
    python tools/record.py --again            those of CI: run, compare, keep nothing

record/NAME.txt is what a program has printed; record/NAME.json has its numbers, with
hashes of its code and its pictures. Both are written when it has ended well, so this
can be stopped and gone on with. Pictures of seed 0 and of the claims go to figures/.
"""

import argparse
import ast
from collections import namedtuple
from datetime import date
import hashlib
import json
import math
import os
from pathlib import Path
import platform
import re
import shutil
import subprocess
import sys
import time

PROJECT = Path(__file__).resolve().parent.parent

# The command, the minutes that it takes on a quiet core, and whether CI runs it again.
Run = namedtuple("Run", "command minutes again", defaults=[False])

SCRIPTS = {
    "simple_ae": 0.2,
    "deep_ae": 0.8,
    "sparse_ae": 0.6,
    "vae": 0.9,
    "conv_ae": 1.3,
    "seq2seq_ae": 2.1,
    "denoise_ae": 2.5,
}
RUNS = {}
for seed in range(5):
    flags = f" --seed {seed} --out outputs/seed-{seed}" if seed else ""
    for name, minutes in SCRIPTS.items():
        again = name in ("simple_ae", "deep_ae", "vae") and seed == 0
        RUNS[f"{name}-{seed}"] = Run(f"{name}.py{flags}", minutes, again)
RUNS |= {
    "pca": Run("claims/pca.py", 4),
    "gallery": Run("claims/gallery.py", 0.2),
    "jpeg": Run("claims/jpeg.py", 1, True),
    "sum_or_mean": Run("claims/history/sum_or_mean.py", 1.5),
    "few_labels": Run("claims/few_labels.py", 6),
    "maps_2d": Run("claims/maps_2d.py", 7),
    "sparsity": Run("claims/sparsity.py", 7),
    "noise_levels": Run("claims/noise_levels.py", 5),
    "sampling": Run("claims/sampling.py", 15),
    "outliers": Run("claims/outliers.py", 10),
    "ablations": Run("claims/ablations.py", 12),
    "papers": Run("claims/papers.py", 50),
    "code_size": Run("claims/code_size.py", 40),
    "page_models": Run("page/train.py", 1),
}


def code_of(program):
    """Return a program and the project's modules it imports: {path: their code}.

    Comments, docstrings and the layout of the text are no code.
    """
    found = {}
    waiting = [program]
    while waiting:
        path = waiting.pop()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names.append(node.module)
            elif isinstance(getattr(node, "body", None), list):
                node.body = [part for part in node.body if not is_text(part)]
        # Pythons differ in the quotes that they give to a string in an f-string.
        found[path] = ast.unparse(tree).replace('"', "'")

        for name in names:
            for folder in PROJECT, PROJECT / "claims", program.parent:
                module = folder / f"{name}.py"
                if module.is_file() and module not in found:
                    waiting.append(module)
    return found


def is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def digits(content):
    """Return 12 digits that change with some bytes."""
    return hashlib.sha256(content).hexdigest()[:12]


def hash_of(program):
    """Return 12 digits that change with a program's code and with MNIST's file."""
    content = (PROJECT / "data" / "mnist.npz").read_bytes()
    for path, code in sorted(code_of(program).items()):
        content += f"{path.relative_to(PROJECT).as_posix()}\n{code}\n".encode()
    return digits(content)


def program_of(name):
    return PROJECT / RUNS[name].command.split()[0]


def read(name, folder="record"):
    """Return a record, a dict; an empty one if there is none."""
    path = PROJECT / folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def is_today(name, folder="record"):
    """Return if a record was made by today's code and today's command."""
    today = hash_of(program_of(name)), RUNS[name].command
    record = read(name, folder)
    return (record.get("hash"), record.get("command")) == today


def missing_models(name, folder):
    """Return the scripts a program imports whose models in outputs/ are not on record.

    A claim would measure them, and its record would say that they are today's.
    """
    program = program_of(name)
    found = []
    for path in code_of(program):
        script, seed_0 = path.stem, f"{path.stem}-0"
        if path != program and seed_0 in RUNS:
            numbers = read(script, "outputs")
            if not is_today(seed_0, folder) or numbers != read(seed_0, folder)["data"]:
                found.append(script)
    return found


def run(name):
    """Run a program; return what it printed, its numbers and its pictures' paths.

    It writes NAME.json and NAME*.png, without the seed in NAME. Only what this run has
    written counts, not what an earlier one has left.
    """
    words = RUNS[name].command.split()
    out = PROJECT / (words[words.index("--out") + 1] if "--out" in words else "outputs")
    out.mkdir(parents=True, exist_ok=True)
    own = re.sub("-[0-9]+$", "", name)
    numbers = out / f"{own}.json"
    for earlier in numbers, *out.glob(f"{own}*.png"):
        earlier.unlink(missing_ok=True)

    done = subprocess.run(
        [sys.executable, *words],
        check=False,
        cwd=PROJECT,
        env={**os.environ, "PYTHONUTF8": "1"},  # Windows has other encodings
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode or not numbers.is_file():
        ends = f"status {done.returncode}, numbers written: {numbers.is_file()}"
        raise RuntimeError(f"{(done.stdout + done.stderr)[-2000:]}\n{ends}")
    data = json.loads(numbers.read_text(encoding="utf-8"))
    return done.stdout, data, sorted(out.glob(f"{own}*.png"))


def record(name, folder):
    """Run a program and write its record.

    The pictures of a claim and of a script's seed 0 are copied to figures/. Nothing is
    written if the code has changed while it ran, or if the models that it measures are
    not those on record.
    """
    models = missing_models(name, folder)
    if models:
        raise RuntimeError(f"not on record: the models in outputs/ of {models}")
    code = hash_of(program_of(name))
    printed, data, pictures = run(name)
    if code != hash_of(program_of(name)):
        raise RuntimeError("its code has changed while it ran")

    record = {
        "hash": code,
        "command": RUNS[name].command,
        "machine": {"processor": processor(), "date": date.today().isoformat()},
        "pictures": {path.name: digits(path.read_bytes()) for path in pictures},
        "data": data,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    target = PROJECT / folder
    target.mkdir(parents=True, exist_ok=True)
    for suffix, content in ("txt", printed), ("json", text):
        path = target / f"{name}.{suffix}"
        path.write_text(content, encoding="utf-8", newline="\n")
    if folder == "record" and "--seed" not in RUNS[name].command:
        for path in pictures:
            shutil.copyfile(path, PROJECT / "figures" / path.name)


def processor():
    """Return the processor's name; on Linux Python's platform knows none."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.is_file() else ""
    found = re.search("^model name.*: (.+)", text, re.MULTILINE)
    return found[1] if found else platform.processor()


def differences(old, new):
    """Return where two sets of numbers differ by more than another processor explains.

    That is 1 % of a number with decimals, and 5 of what is counted.
    """
    old, new = dict(leaves(old)), dict(leaves(new))
    found = []
    for place in sorted({*old, *new}):
        a, b = old.get(place), new.get(place)
        kinds = {type(a), type(b)}
        if kinds == {int}:
            is_near = abs(a - b) <= 5
        elif kinds <= {int, float}:
            is_near = math.isclose(a, b, rel_tol=0.01, abs_tol=0.0001)
        else:
            is_near = a == b or kinds == {str}
        if not is_near:
            found.append(f"{place}: {a} and {b}")
    return found


def leaves(data, place=""):
    """Yield what is compared, with its place: no seconds, no history of the epochs."""
    if not isinstance(data, dict | list):
        yield place, data
        return
    for key, part in data.items() if isinstance(data, dict) else enumerate(data):
        if "seconds" not in str(key) and key != "history":
            yield from leaves(part, f"{place}.{key}")


def repeat(name):
    """Run a program again; raise a RuntimeError if its numbers are not the record's."""
    _, data, _ = run(name)
    found = differences(read(name).get("data"), data)
    if found:
        raise RuntimeError("\n".join(found))


def main(argv=None):
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("names", nargs="*", help="records, such as vae-0 or pca")
    parser.add_argument("--folder", default="", help="a folder in record/")
    parser.add_argument("--again", action="store_true", help="compare, keep nothing")
    args = parser.parse_args(argv)
    for name in {*args.names} - {*RUNS}:
        parser.error(f"there is no record {name}: choose from {', '.join(RUNS)}")

    folder = (Path("record") / args.folder).as_posix()
    failed = []
    for name in args.names or RUNS:
        is_wanted = RUNS[name].again if args.again else not is_today(name, folder)
        if not is_wanted:
            continue
        print(f"{name}: python {RUNS[name].command}", flush=True)
        started = time.perf_counter()
        try:
            repeat(name) if args.again else record(name, folder)
            print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
        except RuntimeError as error:
            print(f"{error}\n{name}: failed", flush=True)
            failed.append(name)

    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
