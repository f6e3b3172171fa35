"""Prove the READMEs: every number, command, snippet, table, link and picture.

    python tools/check_readme.py --quick      seconds: compares what is on record
    python tools/check_readme.py              runs all of it again, too

On record are tools/results.csv (the scripts, seeds 0 to 4), tools/claims.txt (what the
claims print), both made by tools/measure.py, and claims/post_2020/output.txt. Against
them the READMEs' numbers are compared exactly, as rounded. The full check then runs
the scripts, the claims, and README.md's other commands and snippets, and compares what
they print with the record, as far as another processor may change it (`allowed`).
"""

import argparse
from itertools import pairwise, zip_longest
import os
from pathlib import Path
import re
import subprocess
import sys
import time
import measure
from measure import PROJECT, SCRIPTS

READMES = "README.md", "README.zh-TW.md"
LINES = 280  # each has fewer

# What the post's own logs end with, val_loss, by section.
POST = {
    "simple_ae": 0.1020,  # Simple Autoencoder, "Epoch 25/25"
    "sparse_ae": 0.2603,  # Sparse Autoencoder, "Epoch 100/100", with the penalty
    "deep_ae": 0.0925,  # Deep AutoEncoder, "Epoch 100/100"
    "conv_ae": 0.0984,  # Convolutional Autoencoder, "Epoch 50/50"
    "denoise_ae": 0.0941,  # Image Denoise, "Epoch 100/100"
}
# Other numbers that the post prints: "compression of factor 24.5"; 0.1 and 0.09, "loss
# rate 由 0.1 降到 0.09"; the training losses of the four last epochs.
POST_PRINTS = "24.5 0.1 0.09 0.2612 0.0927 0.1012 0.0941"

# How far a run of seed 0 on any processor may lie outside the range of the five seeds.
DRIFT = {"bce": 0.0015, "mse": 0.0006, "psnr": 0.4, "elbo": 2.0}
DRIFT_VAE = {**DRIFT, "bce": 0.003, "mse": 0.0012}

# Commands that are not run: they install, need a network, or are run by .ci/run. Nor
# are the claims in measure.LONG: nothing but the record stands for their numbers.
NOT_RUN = re.compile(
    r"-m venv|pip install|git clone|KERAS_BACKEND|pytest|tools/|post_2020|"
    + "|".join(f"{measure.claim_command(name)}$" for name in measure.LONG)
)
# Lines that differ far from one training to the next, as much as 20 times what is
# `allowed`: what a decoder makes of states that it has never seen, and which unit
# prefers which digit. Their words, and the verdict below them, must be the same.
ROUGH = re.compile(r"rows read, decoder|MSE of those: decoder|which prefer 0 to 9")
# MNIST's floor, which the scripts print: results.csv has no column for it.
FLOOR = "0.0581"

NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])-?(\d+(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[-+]?\d+)?"
)
TIME = re.compile(
    r"\s*(ms|s|seconds?|min|minutes?|h|hours?|times|秒|分鐘|小時|倍)(?![a-z])"
)
PERCENT = re.compile(r"\s*[%％]")
# Numbers in prose that are no results: addresses and versions, such as "Keras 3.0 to
# 3.13", "Python 3.11、3.12 或 3.13" and "CC BY-SA 3.0".
EXEMPT = re.compile(
    r"https?://\S+|arXiv:[\d.]+|\d+\.\d+\.\d+"
    r"|(Python|Keras|TensorFlow|NumPy|Matplotlib|JAX|PyTorch|PowerShell|CUDA|CC BY-SA)"
    r"(([\s,、–]|and|or|up|to|since|和|或|到)*\d+\.\d{1,2}(?!\d|\s*(%|dB|nats)))+"
)
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


# ------------------------------------------------------------------ numbers and lines


def plain(text):
    """Return a text with one kind of minus and single spaces."""
    return " ".join(text.replace("−", "-").split())


def numbers(text):
    """Return the numbers of a text as (their text, what follows them)."""
    text = plain(text)
    return [(found[0], text[found.end() :]) for found in NUMBER.finditer(text)]


def value(number):
    return float(number.replace(",", ""))


def decimals(number):
    return len(number.partition(".")[2])


def allowed(number, after):
    """Return how far a number that is printed again may be from the one on record.

    About as far as another seed goes: 2 points for a percentage, 5 or 10 % for a whole
    number, and for others 0.0015, 5 % or one in the last digit, whichever is most.
    Times, and how many times faster something is, are not compared.
    """
    if TIME.match(after):
        return float("inf")
    if PERCENT.match(after):
        return 2.0
    if not decimals(number) and "e" not in number:
        return max(5.0, 0.1 * abs(value(number)))
    last = 0.0 if "e" in number else 10.0 ** -decimals(number)
    return max(0.0015, last, 0.05 * abs(value(number)))


def same_line(stated, printed, exact=False):
    """Return whether two lines have the same words, and numbers as near as `allowed`.

    exact: times apart, the numbers must be the same.
    """
    pairs = zip(numbers(stated), numbers(printed), strict=False)
    times = 20 if ROUGH.search(stated) else 1
    return NUMBER.sub("#", plain(stated)) == NUMBER.sub("#", plain(printed)) and all(
        one == other
        if exact and not TIME.match(after)
        else abs(value(one) - value(other)) <= times * allowed(one, after) + 1e-9
        for (one, after), (other, _) in pairs
    )


def compare_lines(what, stated, printed, exact=False):
    """Return a problem for each line that is not the `same_line`."""
    return [
        f"{what}: {one!r} is now {other!r}"
        for one, other in zip_longest(stated, printed, fillvalue="")
        if not same_line(one, other, exact)
    ]


# ------------------------------------------------------------------ parts of a README


def blocks(text):
    """Return the fenced code blocks as (language, lines, where, end), in order."""
    return [
        (found[1].strip(), found[2].splitlines(), found.start(), found.end())
        for found in FENCE.finditer(text)
    ]


def without_blocks(text):
    """Return the text with a line of three backticks for each code block."""
    return FENCE.sub("```", text)


def commands(text):
    """Return the commands of the bash blocks, as `normal` ones."""
    return [
        normal(line)
        for language, lines, _, _ in blocks(text)
        if language == "bash"
        for line in "\n".join(lines).replace("\\\n", " ").splitlines()
        if line.strip() and not line.startswith("#")
    ]


def normal(command):
    """Return a command without `.venv/bin/` and the comment behind it."""
    command = re.sub(r"\s+#.*", "", command).replace(".venv/bin/", "")
    return " ".join(command.replace("python3 ", "python ").split())


def expected(text):
    """Return (command, lines) of each text block directly below a bash block.

    The command is the last one; what comes before an `&&` is only the way there.
    """
    found, all_blocks = [], blocks(text)
    for above, below in pairwise(all_blocks):
        between = text[above[3] : below[2]]
        if (above[0], below[0]) == ("bash", "text") and not between.strip():
            own = commands("```bash\n" + "\n".join(above[1]) + "\n```")
            found += [(line.split("&&")[-1].strip(), below[1]) for line in own[-1:]]
    return found


def rows_of_scripts(text):
    """Return {script: cells} of the table that links to the scripts."""
    rows = {}
    for line in without_blocks(text).splitlines():
        if found := re.match(r"\| \[(\w+)\.py\]\(\1\.py\) ", line):
            rows[found[1]] = [cell.strip() for cell in line.strip("|").split("|")]
    return rows


def stated_numbers(text):
    """Return the decimals and percentages of a text, (number, is a percentage).

    Left out are code, link targets, HTML tags, what is EXEMPT, and whole numbers.
    """
    text = re.sub(r"`[^`\n]*`", "` `", without_blocks(text))
    text = re.sub(r"\]\([^)]*\)|<[^>\n]*>", " ", text)
    text = EXEMPT.sub(" ", text)
    return [
        (number, bool(PERCENT.match(after)))
        for number, after in numbers(text)
        if "e" not in number and (decimals(number) or PERCENT.match(after))
    ]


def structure(text):
    """Return the parts of a README that its twin must have too, in order.

    They are headings, table rows (their numbers), code blocks, pictures, and the
    decimals and percentages of each section.
    """
    parts, code, section = [], iter(blocks(text)), ""
    for line in [*without_blocks(text).splitlines(), "# end"]:
        if heading := re.match(r"(#+) ", line):
            parts.append(("numbers", sorted(set(stated_numbers(section)))))
            section = ""
            parts.append(("heading", len(heading[1])))
        elif line == "```":
            language, lines, _, _ = next(code)
            if language == "text":  # which may be translated, but not its numbers
                lines = [number for number, _ in numbers("\n".join(lines))]
            parts.append((language, lines))
        elif line.startswith("|"):
            own = sorted(number for number, _ in numbers(line))
            parts.append(("table row", [line.count("|"), own]))
        parts += [("picture", target) for target in pictures(line)]
        section += line + "\n"
    return parts


def pictures(text):
    found = re.findall(r"!\[[^\]]*\]\(([^)\s]+)|<img[^>]*src=\"([^\"]+)", text)
    return [markdown or html for markdown, html in found]


def anchors(text):
    """Return what `#...` links can lead to: GitHub's names of the headings."""
    headings = re.findall(r"^#+ (.+)", without_blocks(text), re.MULTILINE)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return [heading.strip().replace(" ", "-") for heading in kept]


# --------------------------------------------------------- checks that run nothing


def check_twins(texts):
    """Return the first thing in which the READMEs differ, and which are too long."""
    problems = [
        f"{name} has {len(text.splitlines())} lines, {LINES} or more"
        for name, text in texts.items()
        if len(text.splitlines()) >= LINES
    ]
    pair = zip_longest(*map(structure, texts.values()))
    different = [(one, other) for one, other in pair if one != other]
    if different:
        one, other = different[0]
        problems.append(f"the READMEs differ, in the first: {one}\n  second: {other}")
    return problems


def check_links(texts):
    """Return the links within the project, pictures too, that lead nowhere."""
    problems = []
    for name, text in texts.items():
        text = without_blocks(text)
        for link in re.findall(r"\]\(([^)\s]+)[^)]*\)", text) + pictures(text):
            target, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            path = PROJECT / (target or name)
            there = path.exists()
            if there and anchor and path.suffix == ".md":
                there = anchor in anchors(path.read_text(encoding="utf-8"))
            if not there:
                problems.append(f"{name} links to {link}, which is not there")
    return problems


def check_tables(texts, rows):
    """Return where the tables of scripts differ from results.csv and from the post.

    rows: what measure.read_results returned.
    """
    problems, cells = [], measure.summary(rows)
    for script in SCRIPTS:
        own = [row for row in rows if row["script"] == script]
        seeds = sorted(int(row["seed"]) for row in own)
        if seeds != measure.SEEDS:
            problems.append(f"results.csv: {script} has the seeds {seeds}")
        problems += [worse for row in own for worse in worse_than_post(script, row)]
    for name, text in texts.items():
        table = rows_of_scripts(text)
        for script in [*SCRIPTS, *table]:
            if script not in table:
                problems.append(f"{name}'s table has no {script}.py")
            elif script not in SCRIPTS:
                problems.append(f"{name}'s table has {script}.py, which is no script")
        for script in [script for script in table if script in cells]:
            stated = table[script][3:]
            post = f"{POST[script]:.4f}" if script in POST else "–"
            due = [post, cells[script]["bce"], cells[script]["minutes"]]
            if stated != due:
                problems.append(f"{name}, {script}: the table has {stated}, not {due}")
    return problems


def worse_than_post(script, values):
    """Return a problem if a run is not better than the post, without any tolerance."""
    if script in POST and not float(values["bce"]) < POST[script]:
        run = f"seed {values.get('seed', '0')}: {values['bce']}"
        return [f"{script}, {run} is not better than the post's {POST[script]:.4f}"]
    return []


def script_lines(row):
    """Return what a script has printed last, of a row of results.csv."""
    elbo = f"ELBO {row['elbo']} nats | " if row["elbo"] else ""
    result = (
        f"{row['script']}: test BCE {row['bce']} (floor {FLOOR}) | MSE {row['mse']} | "
        f"PSNR {row['psnr']} dB | {elbo}{row['seconds']} s"
    )
    return [*filter(None, row["extra"].split(" / ")), result]


def check_docstrings(rows):
    """Return the scripts whose docstring has not the result line of seed 0."""
    problems = []
    for row in rows:
        if row["seed"] == "0":
            source = (PROJECT / f"{row['script']}.py").read_text(encoding="utf-8")
            docstring = " ".join(source.split('"""')[1].split())
            line = script_lines(row)[-1].rpartition(" | ")[0]
            if not re.search(re.escape(line) + r" \| \d+ s", docstring):
                problems.append(f"{row['script']}.py's docstring does not say {line}")
    return problems


def check_blocks(text, record):
    """Return the text blocks that are not what their command has printed last."""
    problems = []
    for command, lines in expected(text):
        if command in record:
            last = record[command][-len(lines) :]
            problems += compare_lines(f"below {command}", lines, last, exact=True)
        elif NOT_RUN.search(command) and "pytest" not in command:
            problems.append(f"nothing proves what stands below {command}")
    return problems


def check_prose(texts, lines):
    """Return the decimals and percentages of the READMEs that no line has, as rounded.

    A percentage must come from a line with a "%".
    """
    known = {
        (abs(value(number)), decimals(number), "%" in line)
        for line in lines
        for number, _ in numbers(line)
    }
    problems = []
    for name, text in texts.items():
        for number, percent in stated_numbers(text):
            stated, places = abs(value(number)), decimals(number)
            half = 0.5 * 10**-places + 1e-9  # or the same number with fewer zeros
            if not any(
                abs(stated - other) <= (half if digits >= places else 1e-9)
                and (has_percent or not percent)
                for other, digits, has_percent in known
            ):
                sign = " %" if percent else ""
                problems.append(f"{name}: nothing on record prints {number}{sign}")
    return problems


def on_record(rows):
    """Return {command: lines} of the claims, and of the scripts with seed 0."""
    record = measure.read_claims(PROJECT / measure.CLAIMS)
    for row in rows:
        if row["seed"] == "0":
            record[f"python {row['script']}.py"] = script_lines(row)
    return record


def check_record(texts, rows, record):
    """Return all the problems that can be found without running anything."""
    problems = check_twins(texts) + check_links(texts) + check_tables(texts, rows)
    problems += check_docstrings(rows) + check_blocks(texts["README.md"], record)
    unproved = [
        f"not in claims.txt: {command}, so python tools/measure.py --claims {name!r}"
        for name, command in measure.claim_commands().items()
        if command not in record
    ]
    lines = [line for printed in record.values() for line in printed]
    lines += [line for row in rows for line in script_lines(row)]
    lines += [text for own in measure.summary(rows).values() for text in own.values()]
    lines += [POST_PRINTS, *(f"{loss:.4f}" for loss in POST.values())]
    output = PROJECT / "claims" / "post_2020" / "output.txt"
    if output.is_file():
        lines += output.read_text(encoding="utf-8").splitlines()
    for command, printed in expected(texts["README.md"]):
        lines += [] if command in record else printed  # compared when it is run
    return problems + unproved + check_prose(texts, lines)


# ------------------------------------------------------- checks that run something


def run(command):
    """Run a shell command in the project's folder; return (status, what it printed)."""
    print(f"$ {command}", flush=True)
    started = time.perf_counter()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=PROJECT,
        env={**os.environ, "PATH": path, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    own = measure.own_lines(done.stdout)
    errors = done.stderr.splitlines()[-20:] if done.returncode else []
    seconds = time.perf_counter() - started
    print(*own[-12:], *errors, f"({seconds:.0f} s)\n", sep="\n", flush=True)
    return done.returncode, done.stdout


def check_script(script, printed, rows):
    """Return where a run of seed 0 lies outside the range of the five on record."""
    try:
        values = measure.parse(script, printed)
    except ValueError as error:
        return [str(error)]
    problems = worse_than_post(script, values)
    for name, drift in (DRIFT_VAE if script == "vae" else DRIFT).items():
        seen = [
            float(row[name]) for row in rows if row["script"] == script and row[name]
        ]
        low, high = min(seen, default=0) - drift, max(seen, default=0) + drift
        if seen and not low - 1e-9 <= float(values[name] or "nan") <= high + 1e-9:
            problems.append(
                f"{script}, seed 0: {name} {values[name]}, not {low:.4f} to {high:.4f}"
            )
    return problems


def check_runs(text, rows, record):
    """Run the scripts, the claims, README.md's other commands, and its snippets."""
    scripts = {f"python {name}.py": name for name in SCRIPTS}
    claims = measure.claim_commands().values()
    problems, printed = [], {}
    for command in dict.fromkeys([*scripts, *claims, *commands(text)]):
        if NOT_RUN.search(command):
            continue
        status, output = run(command)
        printed[command] = measure.own_lines(output)
        if status:
            problems.append(f"this command failed, with status {status}: {command}")
            continue
        stated = record.get(command, [])
        if command in scripts:  # it prints more lines, and the last has narrower bounds
            problems += check_script(scripts[command], output, rows)
            printed[command] = printed[command][-len(stated) :]
        if stated:
            problems += compare_lines(command, stated, printed[command])
    for command, lines in expected(text):
        if command in printed:
            last = printed[command][-len(lines) :]
            problems += compare_lines(f"below {command}", lines, last)
    return problems + check_snippets(text)


def check_snippets(text):
    """Run the Python snippets, each as a file in the project's folder.

    One that is marked "```python not-run" (it needs a network, say) is left out.
    """
    problems = []
    snippets = [lines for language, lines, *_ in blocks(text) if language == "python"]
    for i, lines in enumerate(snippets, 1):
        path = PROJECT / f"readme_snippet_{i}.py"
        try:
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            if run(f"python {path.name}")[0]:
                problems.append("this snippet failed:\n" + "\n".join(lines))
        finally:
            path.unlink(missing_ok=True)
    return problems


def main(argv=None):
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--quick", action="store_true", help="run nothing")
    quick = parser.parse_args(argv).quick
    sys.stdout.reconfigure(encoding="utf-8")  # for the Chinese, on Windows
    texts = {name: (PROJECT / name).read_text(encoding="utf-8") for name in READMES}
    rows = measure.read_results(PROJECT / measure.RESULTS)
    record = on_record(rows)
    problems = check_record(texts, rows, record)
    if not problems and not quick:
        problems = check_runs(texts["README.md"], rows, record)
    for problem in dict.fromkeys(problems):
        print(f"WRONG: {problem}")
    print("the READMEs are wrong" if problems else "the READMEs are right")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
