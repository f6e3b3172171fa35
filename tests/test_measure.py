"""measure.py keeps what the scripts print, and runs nothing twice."""

import csv
import made_up
import measure
import pytest


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A made-up project of two scripts, as measure.PROJECT."""
    made_up.write(tmp_path)
    monkeypatch.setattr(measure, "PROJECT", tmp_path)
    monkeypatch.setattr(measure, "SCRIPTS", ["simple_ae", "vae"])
    return tmp_path


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def measured(project, seeds=(0, 1)):
    """Measure the made-up scripts; return the status and the rows of today's code."""
    path = project / "tools" / "results.csv"
    return measure.measure(["simple_ae", "vae"], seeds, path), measure.read_results(
        path
    )


def test_code_ignores_comments_docstrings_and_layout(project):
    before = measure.code_of("simple_ae")
    replace(project / "simple_ae.py", '"""A script.', '"""Another text.')
    replace(project / "simple_ae.py", "rate = 1e-2  # a comment", "rate = (1e-2)")
    replace(project / "common.py", '"""Load."""', '"""Load, and more."""')
    replace(project / "common.py", "return rows", "return path")  # only a figure's
    assert measure.code_of("simple_ae") == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("simple_ae.py", "rate = 1e-2", "rate = 2e-2"),
        ("common.py", "return path", "return None"),
    ],
)
def test_code_notices_what_changes_a_training(project, name, old, new):
    before = measure.code_of("simple_ae")
    replace(project / name, old, new)
    assert measure.code_of("simple_ae") != before


def test_a_run_is_a_row(project):
    status, rows = measured(project)
    assert status == 0
    assert [(row["script"], row["seed"]) for row in rows] == [
        ("simple_ae", "0"),
        ("vae", "0"),
        ("simple_ae", "1"),
        ("vae", "1"),
    ]
    row = rows[2]
    assert list(row) == measure.COLUMNS
    assert [row[name] for name in ("bce", "mse", "psnr", "elbo", "seconds")] == [
        "0.0911",
        "0.0097",
        "20.1",
        "",
        "5",
    ]
    assert row["epochs"] == "10" and row["parameters"] == "50992"
    assert row["extra"] == "code: an image uses 31.1 of 32 units"
    assert row["code"] == measure.code_of("simple_ae")
    assert all(row[name] for name in measure.COLUMNS if name != "elbo")
    assert rows[1]["elbo"] == "-136.5" and rows[1]["epochs"] == "1"


def test_a_run_on_record_is_not_repeated_until_the_code_changes(project):
    measured(project)
    measured(project)
    assert (project / "runs.txt").read_text(encoding="utf-8") == "01"
    replace(project / "simple_ae.py", "rate = 1e-2", "rate = 2e-2")
    _, rows = measured(project, seeds=[1])
    assert (project / "runs.txt").read_text(encoding="utf-8") == "011"
    assert [row["script"] for row in rows] == ["vae", "vae", "simple_ae"]
    path = project / "tools" / "results.csv"
    measure.clean(path)
    with path.open(encoding="utf-8", newline="") as file:
        kept = [(row["script"], row["seed"]) for row in csv.DictReader(file)]
    assert kept == [("simple_ae", "1"), ("vae", "0"), ("vae", "1")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate = 1e-2", "sys.exit('no memory')"),
        ("| PSNR 20.1 dB | 5 s", "no memory"),
    ],
)
def test_a_run_that_fails_is_shown_and_not_kept(project, capsys, old, new):
    replace(project / "simple_ae.py", old, new)
    status, rows = measured(project)
    assert status == 1 and rows == []
    assert "no memory" in capsys.readouterr().out


def test_tables_are_made_from_the_results(project, capsys):
    measured(project)
    readme = project / "README.md"
    replace(readme, "0.0910 (0.0910–0.0911) | 0.1 |", "to do | |")
    path = project / "tools" / "results.csv"
    measure.main(["--table", "--results", str(path)])
    printed = capsys.readouterr().out
    row = "| [simple_ae.py](simple_ae.py) | S | one layer | 0.1020 "
    assert printed.count(row + "| 0.0910 (0.0910–0.0911) | 0.1 |") == 2
    assert "| vae.py | 0.1800 (0.1800–0.1800) | 0.0400" in printed
    assert measure.mean_and_range([0.1, 0.25, 0.4], 1) == "0.2 (0.1–0.4)"
    assert measure.mean_and_range([-2.0, -1.0], 1) == "-1.5 (-2.0 to -1.0)"


def test_claims_are_recorded_without_bars_and_files(project):
    path = project / "tools" / "claims.txt"
    path.write_text("$ python claims/old.py\nkept\n", encoding="utf-8")
    assert measure.record_claims([], path) == 0
    printed = [
        "PCA-32: BCE 0.1174, 97.28 % correct",
        "verdict: the network is better, 0.0910 against 0.1174, in 3 s",
    ]
    record = {"python claims/old.py": ["kept"], "python claims/pca.py": printed}
    assert measure.read_claims(path) == record
    assert measure.record_claims(["pca fast"], path) == 0
    assert measure.read_claims(path) == record | {"python claims/pca.py fast": printed}
    replace(project / "claims" / "pca.py", 'print("saved', '1 / 0\nprint("saved')
    assert measure.record_claims([], path) == 1


def test_long_claims_run_only_when_named(project, monkeypatch):
    monkeypatch.setattr(measure, "LONG", ["pca all"])
    path = project / "tools" / "claims.txt"
    assert measure.claim_commands() == {"pca all": "python claims/pca.py all"}
    assert measure.record_claims([], path) == 0 and not path.exists()
    assert measure.record_claims(["pca all"], path) == 0
    assert list(measure.read_claims(path)) == ["python claims/pca.py all"]
