"""Run the programs whose code or data have changed; keep what they say in record/.

    python tools/record.py              all that record/ does not have for today's code
    python tools/record.py vae- pca     of these, those with such a part in their name
    python tools/record.py --machine h100       keeps a GPU's in record/h100/

A script is run with seeds 0 to 4, as simple_ae-0 to simple_ae-4; seed 0 leaves its
model in outputs/, where the claims find it. A claim that has `LONG = True`, or the
arguments to record it with, `LONG = "all"`, is not run again by the tests.

A record is written when its program has ended, so this can be stopped and gone on with,
and two can run side by side for different programs. It has the command, the hash of the
code and the data, the machine, the lines printed, the numbers that the program wrote as
NAME.json, the hashes of its pictures, and a sum that shows an edit by hand. Pictures
that a page shows go to figures/.
"""

import argparse
import ast
from datetime import date
import hashlib
import json
import os
from pathlib import Path
import platform
import re
import shutil
import subprocess
import sys
import time

PROJECT = Path(__file__).resolve().parent.parent
SEEDS = range(5)

# Functions of common.py and claims/base.py that show, keep, ask or check, and so change
# no number. They can be edited without new trainings.
SHOWS = re.compile(
    r"_?(plot|draw|save|report|print|write|parse|main|check_keras|import|run\b|Parser)\w*"
)
MEASURE = "binary_crossentropy"  # what the report measures with

# What Keras prints: bars, a model's table; and the files saved.
NOISE = re.compile(
    r"[\r\b\x1b]|^Epoch \d+/\d+$|^saved |^\s*$|^[┏┃┡│├└]|^Model: |^ [\w -]+ params: "
)


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def programs():
    """Return {name: its file}: the scripts, and what reports through claims/base.py."""
    found = {}
    for path in sorted(PROJECT.glob("*.py")):
        if "build_autoencoder" in [name_of(node) for node in parsed(path).body]:
            found[path.stem] = path

    for path in sorted([*PROJECT.glob("claims/*.py"), *PROJECT.glob("tools/*.py")]):
        code = ast.unparse(parsed(path))
        if re.search("^import base$", code, re.MULTILINE) and "__main__" in code:
            found[path.stem] = path
    return found


def is_script(path):
    return path.parent == PROJECT


def long(path):
    """Return the value of a program's LONG: true if the tests do not run it again."""
    values = [n.value for n in parsed(path).body if name_of(n) == "LONG"]
    return ast.literal_eval(values[0]) if values else False


def commands():
    """Return {name of a record: its command, without python}, in the order to run."""
    known = {}
    others = {}
    for seed in SEEDS:
        for name, path in programs().items():
            if is_script(path):
                flags = f" --seed {seed} --out outputs/seed-{seed}" if seed else ""
                known[f"{name}-{seed}"] = f"{name}.py{flags}"
            else:
                arguments = f" {long(path)}" if isinstance(long(path), str) else ""
                others[name] = path.relative_to(PROJECT).as_posix() + arguments
    return known | others


# ------------------------------------------------------- the hash of code and data


def modules_used(tree, folder):
    """Return {name: file}, those of the project that a module imports or, if scripts,
    names: "vae", "vae.keras" and "*.py" stand for scripts whose models are loaded.
    """
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias | ast.ImportFrom):
            word = node.name if isinstance(node, ast.alias) else node.module
            for place in PROJECT, folder, PROJECT / "claims":
                if (place / f"{word}.py").is_file():
                    found.setdefault(word, place / f"{word}.py")

        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            script = re.fullmatch(r"(\w+|\*(?=\.))(\.py|\.keras)?", node.value)
            for path in PROJECT.glob(f"{script[1]}.py") if script else []:
                found[path.stem] = path
    return found


def name_of(node):
    """Return what a function, a class or a constant is called; None for the rest."""
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    return getattr(node, "name", None)


def is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_import(node):
    return isinstance(node, ast.Import | ast.ImportFrom)


def bare(path):
    """Return a module without docstrings and error texts, its imports in one order."""
    tree = parsed(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            node.exc = node.cause = None
        if isinstance(getattr(node, "body", None), list):
            node.body = [part for part in node.body if not is_text(part)]
    tree.body.sort(key=lambda node: ast.unparse(node) if is_import(node) else "~")
    return tree


def files_of(path):
    """Return {name: file}: a program, and all that it depends on."""
    files = {path.stem: path}
    waiting = [path]
    while waiting:
        used = modules_used(bare(waiting.pop()), path.parent)
        waiting += [file for name, file in used.items() if name not in files]
        files = used | files
    return files


def code_of(path):
    """Return the code that a program depends on, without comments and docstrings.

    That is the program and the scripts that it imports or names, all of them; of other
    modules what is used, without SHOWS, imports and checks (`if`, `try`).
    """
    whole = set(programs().values())
    pieces = []
    unused = []
    for name, file in files_of(path).items():
        tree = bare(file)
        if file in whole:
            pieces.append((name, tree))
        else:
            checks = ast.If | ast.Try
            body = [n for n in tree.body if not (is_import(n) or isinstance(n, checks))]
            unused += [(name, node) for node in body]

    new = pieces
    names = {None, MEASURE}  # None: what has no name is used
    while new:
        for _, tree in new:
            nodes = list(ast.walk(tree))
            for field in "id", "attr", "name":
                names |= {getattr(node, field, None) for node in nodes}
        new = [part for part in unused if name_of(part[1]) in names]
        unused = [part for part in unused if part not in new]
        new = [part for part in new if not SHOWS.fullmatch(name_of(part[1]) or "")]
        pieces += new

    # Pythons differ in the quotes of f'{""}'.
    texts = [f"{name}: {ast.unparse(node)}".replace('"', "'") for name, node in pieces]
    return "\n".join(sorted(texts))


def hash_of(path):
    """Return 12 digits that change with a program's code and with MNIST's file."""
    found = hashlib.sha256((PROJECT / "data" / "mnist.npz").read_bytes())
    found.update(code_of(path).encode())
    return found.hexdigest()[:12]


# ----------------------------------------------------------------------- the records


def read(name, machine=""):
    """Return a record, a dict; an empty one if there is none."""
    path = PROJECT / "record" / machine / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def sum_of(record):
    """Return 12 digits that change when a record is edited by hand."""
    own = {key: value for key, value in record.items() if key != "sum"}
    return hashlib.sha256(json.dumps(own).encode()).hexdigest()[:12]


def write(name, record, machine=""):
    """Write a record and its sum, whole or not at all."""
    path = PROJECT / "record" / machine / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    record = {**record, "sum": sum_of(record)}
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    os.replace(unfinished, path)


def out_of(command):
    """Return the folder that a command writes to."""
    return PROJECT / (command.split("--out ") + ["outputs"])[1]


def is_today(record, command, code):
    return record.get("command") == command and record.get("hash") == code


def machine_used():
    """Return on what and when a record is made; the versions are in its data."""
    info = Path("/proc/cpuinfo")  # on Linux, where platform knows no name
    text = info.read_text(encoding="utf-8") if info.is_file() else ""
    names = re.findall(r"model name\s*: (.+)", text)
    affinity = getattr(os, "sched_getaffinity", None)  # not on Windows and macOS
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "date": date.today().isoformat(),
    }


def pictures_of(name, out):
    """Return the pictures of a program, NAME.png and NAME_*.png, sorted."""
    return sorted([*out.glob(f"{name}.png"), *out.glob(f"{name}_*.png")])


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(command):
    """Run a program and return its record, without the hash.

    Raises:
        RuntimeError: it has failed, or has written no numbers.
    """
    name = Path(command.split()[0]).stem
    out = out_of(command)
    numbers = out / f"{name}.json"
    for old in [numbers, *pictures_of(name, out)]:
        old.unlink(missing_ok=True)

    done = subprocess.run(
        [sys.executable, *command.split()],
        check=False,
        cwd=PROJECT,
        env={**os.environ, "PYTHONUTF8": "1"},  # Windows has other encodings
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode or not numbers.is_file():
        ends = f"status {done.returncode}, {numbers.name} written: {numbers.is_file()}"
        raise RuntimeError(f"{(done.stdout + done.stderr)[-2000:]}\n{ends}")

    lines = [line.rstrip() for line in done.stdout.split("\n")]
    return {
        "command": command,
        "machine": machine_used(),
        "lines": [line for line in lines if not NOISE.search(line)],
        "data": json.loads(numbers.read_text(encoding="utf-8")),
        "pictures": {path.name: sha256(path) for path in pictures_of(name, out)},
    }


def other_models(path, machine):
    """Return the scripts whose models in outputs/ are not those on record.

    A claim would measure them, and its record would say that they are today's.
    """
    found = []
    for name, file in files_of(path).items():
        record = read(f"{name}-0", machine)
        if is_script(file) and file in programs().values() and file != path:
            numbers = PROJECT / "outputs" / f"{name}.json"
            text = numbers.read_text(encoding="utf-8") if numbers.is_file() else "{}"
            today = record.get("hash") == hash_of(file)
            if not today or json.loads(text) != record["data"]:
                found.append(name)
    return found


def copy_pictures():
    """Copy what pages show from outputs/ to figures/, if it is what is on record."""
    pages = [*PROJECT.glob("*.md"), *PROJECT.glob("[!.]*/**/*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for name, command in commands().items():
        for picture, code in read(name).get("pictures", {}).items():
            drawn = out_of(command) / picture
            shown = f"figures/{picture}" in text and not re.search(r"-[1-9]$", name)
            if shown and drawn.is_file() and sha256(drawn) == code:
                shutil.copyfile(drawn, PROJECT / "figures" / picture)


def main(argv=None):
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("parts", nargs="*", help="of the names of records")
    parser.add_argument("--machine", default="", help="a folder in record/")
    args = parser.parse_args(argv)
    for part in args.parts:
        if not any(part in name for name in commands()):
            parser.error(f"no record has {part} in its name: {', '.join(commands())}")

    failed = []
    for name, command in commands().items():
        path = PROJECT / command.split()[0]
        code = hash_of(path)
        chosen = not args.parts or any(part in name for part in args.parts)
        # Read now, since another record.py may have made it meanwhile.
        if not chosen or is_today(read(name, args.machine), command, code):
            continue

        print(f"{name}: python {command}", flush=True)
        started = time.perf_counter()
        try:
            others = [] if is_script(path) else other_models(path, args.machine)
            if others:
                raise RuntimeError(f"models not on record: {', '.join(others)}")
            record = {"hash": code, **run(command)}
        except RuntimeError as error:
            print(f"{error}\n{name}: failed", flush=True)
            failed.append(name)
            continue
        write(name, record, args.machine)
        print(*record["lines"][-1:], flush=True)
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)

    copy_pictures()
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
