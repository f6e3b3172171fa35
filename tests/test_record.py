"""record/ has what today's code prints, and it prints nearly the same again.

    AGAIN=1 python -m pytest tests/test_record.py tests/test_readme.py

trains seed 0 of each script again, into outputs/, then runs the claims on these models,
but for those that are LONG, and the snippets of the pages. That takes half an hour;
.ci/run does it. Without AGAIN the records and the pages are only read.
"""

import math
import os
import re
import shutil

from post import POST
import pytest
import record

COMMANDS = record.commands()
FILES = {name: record.PROJECT / COMMANDS[name].split()[0] for name in COMMANDS}
OF_SEED_0 = [name for name in COMMANDS if not re.search("-[1-4]$", name)]
FOR_CI = [name for name in OF_SEED_0 if not record.long(FILES[name])]

# A number, and its unit if that decides how far it may drift.
NUMBER = re.compile(
    r"(?<![\w.])(-?\d+(?:,\d{3})*(?:\.\d+)?)(?!\w|\.\d)"
    r"(?: ?([%％]|s\b|min\b|times\b))?",
    re.ASCII,  # a Chinese word may stand close to it
)
# Lines that differ far from one training to the next: what a decoder makes of states
# that it has never seen, and which unit prefers which digit.
ROUGH = re.compile(r"rows read, decoder|MSE of those: decoder|which prefer 0 to 9")


def near(number, unit, rel, least):
    """Return what another processor may make of a number; times are not compared."""
    if unit in ("%", "％"):
        return pytest.approx(float(number), rel=0, abs=2)
    if unit:
        return pytest.approx(float(number), abs=math.inf)
    digits = len(number.partition(".")[2])
    if not digits:
        return pytest.approx(float(number), rel=2 * rel, abs=5)
    return pytest.approx(float(number), rel=rel, abs=max(least, 10.0**-digits))


def compare(old, new, rel=0.05, least=0.0015):
    """Lines must have the same words, and numbers that are near."""
    words = [[NUMBER.sub(r"#\2", line).split() for line in own] for own in (old, new)]
    assert words[0] == words[1]
    for line, other in zip(old, new):
        bounds = (1, 0.03) if ROUGH.search(line) else (rel, least)
        pairs = zip(NUMBER.findall(line), NUMBER.findall(other))
        for (one, unit), (two, _) in pairs:
            expected = near(one.replace(",", ""), unit, *bounds)
            assert float(two.replace(",", "")) == expected, f"{line!r} is now {other!r}"


def better_than_the_post(name, data):
    post = POST.get(name[:-2], {"loss": math.inf})
    return data["history"]["val_loss"][-1] < post["loss"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_record_is_that_of_todays_code(name):
    code = record.hash_of(FILES[name])
    assert record.is_today(record.read(name), COMMANDS[name], code)


def test_nothing_else_is_on_record():
    assert {path.stem for path in record.PROJECT.glob("record/*.json")} <= {*COMMANDS}


def test_no_record_was_edited_by_hand():
    for path in record.PROJECT.glob("record/**/*.json"):
        own = record.read(path.stem, path.parent.relative_to(record.PROJECT / "record"))
        assert own["sum"] == record.sum_of(own), path


def test_every_seed_is_better_than_the_post():
    scripts = [name for name in COMMANDS if record.is_script(FILES[name])]
    assert all(better_than_the_post(n, record.read(n)["data"]) for n in scripts)


@pytest.mark.skipif("AGAIN" not in os.environ, reason="half an hour, with AGAIN=1")
@pytest.mark.parametrize("name", FOR_CI)
def test_a_program_prints_nearly_the_same_again(name):
    own = record.run(COMMANDS[name])
    is_script = record.is_script(FILES[name])
    bounds = (0.03, 0.001) if is_script else (0.05, 0.0015)
    compare(record.read(name)["lines"], own["lines"], *bounds)
    assert not is_script or better_than_the_post(name, own["data"])


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("in 3 s, 17 times", "in 40 s, 9 times", True),
        ("97% right", "95.1% right", True),
        ("97% right", "94% right", False),
        ("300 units", "330 units", True),
        ("4 units", "10 units", False),
        ("MSE 0.0100", "MSE 0.0115", True),
        ("MSE 0.0100", "MSE 0.0116", False),
        ("PSNR  9.9", "PSNR 10.3", True),
        ("leads by 0.5", "trails by 0.5", False),
        ("7 rows read, decoder: BCE 0.3000", "7 rows read, decoder: BCE 0.5500", True),
    ],
)
def test_how_far_a_number_may_drift(old, new, same):
    if same:
        return compare([old], [new])
    with pytest.raises(AssertionError):
        compare([old], [new])


COMMON = '''
"""What they share."""
import argparse
import json
import pathlib
rate = 1
def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="0")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("outputs"))
    return parser.parse_args()
def plot(path):
    path.write_text("a picture")
def measure():
    if not rate: raise ValueError("no rate")
    return rate
def not_used():
    return 1
def report(name, args):
    print("\\x1b[1m9/9 - val_loss: 0.1\\nsaved a.png\\nresult:", measure(), args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    plot(args.out / f"{name}.png")
    (args.out / f"{name}.json").write_text(json.dumps({"rate": rate}))
'''
PROGRAM = '''
"""A doc."""
import base
import common
def build_autoencoder(): pass
# A comment.
if __name__ == "__main__":
    common.measure()
    common.report("NAME", common.parse_args())
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two scripts, and a claim that takes the model of one of them."""
    script = PROGRAM.replace("import base\n", "")
    base = "import sys\nsys.path.append('.')\ndef load_model(name): pass"
    texts = {
        "common.py": COMMON,
        "a_ae.py": script.replace("NAME", "a_ae"),
        "b_ae.py": script.replace("NAME", "b_ae"),
        "claims/base.py": base,
        "claims/c.py": PROGRAM.replace("NAME", "c") + "    base.load_model('a_ae')",
        "claims/README.md": "![c](../figures/c.png)",
        "data/mnist.npz": "",
        "figures/a.txt": "",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(record, "PROJECT", tmp_path)
    return tmp_path


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("claims/c.py", "A doc", "Words", ""),
        ("claims/c.py", "# A comment", "# Another", ""),
        ("claims/c.py", "import base\nimport common", "import common\nimport base", ""),
        ("common.py", "a picture", "an edited one", ""),  # it only shows
        ("common.py", '"no rate"', '"no rate at all"', ""),
        ("common.py", "return 1", "return 2", ""),  # not used
        ("claims/c.py", "build_", "built_", "c"),
        ("claims/base.py", "(name): pass", "(name): return 1", "c"),
        ("a_ae.py", ": pass", ": return 1", "a c"),
        ("b_ae.py", ": pass", ": return 1", "b"),
        ("common.py", "rate = 1", "rate = 2", "a b c"),
        ("data/mnist.npz", "", "other", "a b c"),
    ],
)
def test_what_an_edit_makes_stale(project, file, old, new, stale):
    programs = record.programs()
    before = {name: record.hash_of(path) for name, path in programs.items()}
    edit(project / file, old, new)
    after = {name: record.hash_of(path) for name, path in programs.items()}
    assert [n[0] for n in before if before[n] != after[n]] == stale.split()


def test_a_run_a_record_and_what_is_not_run_again(project, capsys):
    assert record.main(["-0", "-3", "c"]) == 0
    names = sorted(path.name for path in project.glob("record/*"))
    assert names == [f"{n}.json" for n in ("a_ae-0", "a_ae-3", "b_ae-0", "b_ae-3", "c")]
    own = record.read("a_ae-3")
    assert own["command"] == "a_ae.py --seed 3 --out outputs/seed-3"
    assert own["lines"] == ["result: 1 3"] and own["data"] == {"rate": 1}
    drawn = project / "outputs" / "seed-3" / "a_ae.png"
    assert own["pictures"] == {"a_ae.png": record.sha256(drawn)}
    assert [path.name for path in project.glob("figures/*.png")] == ["c.png"]

    capsys.readouterr()
    assert record.main(["-0", "-3", "c"]) == 0
    assert capsys.readouterr().out == ""
    assert record.main(["--machine", "gpu", "b_ae-0"]) == 0
    assert record.read("b_ae-0", "gpu")["data"] == {"rate": 1}


def test_a_name_that_no_record_has_is_refused(project, capsys):
    with pytest.raises(SystemExit) as ended:
        record.main(["-0", "pca"])
    assert ended.value.code == 2
    assert "no record has pca in its name: a_ae-0, " in capsys.readouterr().err
    assert not list(project.glob("record/*"))


def test_a_failure_is_reported_and_the_others_are_run(project, capsys):
    edit(project / "a_ae.py", "common.report", "1 / 0  #")
    assert record.main(["-0", "c"]) == 1
    printed = capsys.readouterr().out
    assert "ZeroDivisionError" in printed and "failed: a_ae-0, c" in printed
    assert [path.stem for path in project.glob("record/*")] == ["b_ae-0"]


def test_a_claim_is_not_measured_on_models_that_are_not_on_record(project, capsys):
    record.main(["-0"])
    (project / "outputs" / "a_ae.json").write_text('{"rate": 2}')  # another training
    assert record.main(["c"]) == 1
    assert "models not on record: a_ae" in capsys.readouterr().out


def test_an_eighth_script_and_a_long_claim_are_found(project):
    shutil.copy(project / "a_ae.py", project / "masked_ae.py")
    text = (project / "claims" / "c.py").read_text(encoding="utf-8")
    (project / "claims" / "d.py").write_text(f"LONG = 'all'\n{text}", encoding="utf-8")
    found = record.commands()
    assert found["masked_ae-0"] == "masked_ae.py" and found["d"] == "claims/d.py all"
    assert record.long(project / "claims" / "d.py")
    assert not record.long(project / "claims" / "c.py")
