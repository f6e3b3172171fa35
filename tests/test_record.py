"""record/ has what today's code prints; tools/record.py records only what was run."""

from conftest import PROJECT
import pytest
import record

# A program that record.py can run: it takes its numbers from a module beside it.
PROGRAM = '''"""A program."""
import pathlib
import common  # a comment

def main(seed=0):
    """Do it."""
    out = pathlib.Path("outputs")
    (out / "tried.json").write_text('{"bce": %s}' % common.mse())
    (out / "tried.png").write_bytes(b"a picture")
    print("what it prints")

main()
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the program tried.py, a module and a data file."""
    for folder in "data", "outputs", "figures":
        (tmp_path / folder).mkdir()
    (tmp_path / "data/mnist.npz").write_bytes(b"images")
    (tmp_path / "common.py").write_text("def mse():\n    return 0.25\n")
    (tmp_path / "tried.py").write_text(PROGRAM)
    monkeypatch.setattr(record, "PROJECT", tmp_path)
    monkeypatch.setattr(record, "RUNS", {"tried": record.Run("tried.py", 1, True)})
    return tmp_path


@pytest.mark.parametrize("name", record.RUNS)
def test_a_record_is_of_todays_code_and_command_and_has_these_figures(name):
    kept = record.read(name)
    if not kept:
        pytest.skip(f"{name} is not on record yet: python tools/record.py {name}")
    assert record.is_today(name)
    if "--seed" not in kept["command"]:
        for picture, code in kept["pictures"].items():
            content = (PROJECT / "figures" / picture).read_bytes()
            assert record.digits(content) == code, picture


def test_what_is_run_is_recorded(project):
    (project / "outputs/tried_old.png").write_bytes(b"of an earlier run")
    assert record.main(["--folder", "gpu"]) == 0
    assert record.read("tried", "record/gpu")["data"] == {"bce": 0.25}
    assert not record.read("tried") and not (project / "figures/tried.png").exists()

    assert record.main([]) == 0
    assert record.read("tried")["data"] == {"bce": 0.25}
    pictures = {"tried.png": record.digits(b"a picture")}
    assert record.read("tried")["pictures"] == pictures
    assert (project / "record/tried.txt").read_text() == "what it prints\n"
    assert (project / "figures/tried.png").read_bytes() == b"a picture"
    assert record.is_today("tried")
    record.RUNS["tried"] = record.Run("tried.py --seed 1", 1)
    assert not record.is_today("tried")


def test_the_hash_is_of_the_whole_code(project):
    for file, old, new, is_same in (
        ("common.py", "return 0.25", "return 0.5", False),  # the formula of a measure
        ("tried.py", "seed=0", "seed=7", False),  # a default
        ("data/mnist.npz", "images", "others", False),
        ("tried.py", "  # a comment", "", True),
        ("tried.py", "Do it.", "Do it well.", True),  # a docstring
    ):
        before = record.hash_of(project / "tried.py")
        text = (project / file).read_text()
        assert old in text
        (project / file).write_text(text.replace(old, new))
        assert (record.hash_of(project / "tried.py") == before) == is_same, new


def test_a_program_that_fails_is_not_recorded(project, capsys):
    for program in (
        f"{PROGRAM}raise SystemExit(1)\n",  # it has left its numbers
        "print('no numbers')\n",
        f"{PROGRAM}pathlib.Path('common.py').write_text('changed = True')\n",
    ):
        (project / "tried.py").write_text(program)
        assert record.main([]) == 1
        assert "tried: failed" in capsys.readouterr().out
        assert record.read("tried") == {}


def test_a_claim_needs_the_models_on_record(project, monkeypatch):
    claim = "import tried\nopen('outputs/claim.json', 'w').write('{}')\n"
    (project / "claim.py").write_text(claim)
    runs = {"tried-0": record.Run("tried.py", 1), "claim": record.Run("claim.py", 1)}
    monkeypatch.setattr(record, "RUNS", runs)
    assert record.main(["claim"]) == 1
    assert record.main(["tried-0", "claim"]) == 0

    (project / "outputs/tried.json").write_text('{"bce": 0.5}')  # another training's
    (project / "record/claim.json").unlink()
    assert record.main(["claim"]) == 1


def test_again_compares_and_keeps_nothing(project, capsys):
    record.main([])
    before = (project / "record/tried.json").read_bytes()
    assert record.main(["--again"]) == 0
    (project / "common.py").write_text("def mse():\n    return 0.26\n")
    assert not record.is_today("tried")
    assert record.main(["--again"]) == 1
    assert ".bce: 0.25 and 0.26" in capsys.readouterr().out
    assert (project / "record/tried.json").read_bytes() == before


def test_differences():
    old = {"bce": 0.0911, "dead": 10, "seconds": 9, "rows": [1.0, 2.0], "keras": "3.15"}
    near = {"bce": 0.0915, "dead": 13, "seconds": 99, "rows": [1.0, 2.0], "keras": "4"}
    assert record.differences(old, near) == []
    far = {"bce": 0.0931, "dead": 20, "rows": [1.0], "keras": "3.15", "more": 1}
    assert len(record.differences(old, far)) == 4
