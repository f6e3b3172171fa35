"""check_readme.py finds each kind of thing that it is there to find."""

import check_readme
import made_up
import measure
import pytest

NAMES = "README.md", "README.zh-TW.md"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What a made-up project has on record, {path: text}; it is measured once."""
    folder = tmp_path_factory.mktemp("recorded")
    made_up.write(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "PROJECT", folder)
        patch.setattr(measure, "SCRIPTS", ["simple_ae", "vae"])
        paths = [folder / measure.RESULTS, folder / measure.CLAIMS]
        assert measure.measure(["simple_ae", "vae"], [0, 1], paths[0]) == 0
        assert measure.record_claims([], paths[1]) == 0
    return {
        path.relative_to(folder): path.read_text(encoding="utf-8") for path in paths
    }


@pytest.fixture
def project(recorded, tmp_path, monkeypatch):
    """A made-up project in which all is right."""
    made_up.write(tmp_path)
    for path, text in recorded.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    for module in measure, check_readme:
        monkeypatch.setattr(module, "PROJECT", tmp_path)
        monkeypatch.setattr(module, "SCRIPTS", ["simple_ae", "vae"])
    monkeypatch.setattr(measure, "SEEDS", [0, 1])
    return tmp_path


def replace(project, names, old, new):
    for name in names:
        text = (project / name).read_text(encoding="utf-8")
        assert old in text, (name, old)
        (project / name).write_text(text.replace(old, new), encoding="utf-8")


def wrong(capsys, *flags):
    """Return the status and the lines that say what is wrong."""
    status = check_readme.main(flags)
    lines = capsys.readouterr().out.splitlines()
    return status, [line for line in lines if line.startswith("WRONG")]


@pytest.mark.parametrize("flags", [[], ["--quick"]])
def test_the_right_readmes_pass(project, capsys, flags):
    assert wrong(capsys, *flags) == (0, [])
    assert (project / "runs.txt").exists() == (not flags)
    assert not list(project.glob("readme_snippet*"))


@pytest.mark.parametrize(
    ("names", "old", "new", "problem"),
    [
        # numbers in prose
        (NAMES, "0.117 by PCA", "0.118 by PCA", "prints 0.118"),
        (NAMES, "97.3 %", "97.4 %", "prints 97.4 %"),
        (NAMES, "97.3 %", "97 %", None),
        (NAMES, "97.3 %", "20.1 %", "prints 20.1 %"),  # on record it is no percentage
        (NAMES, "24.5", "24.6", "prints 24.6"),
        (NAMES, "Keras 3.14", "since 3.14", "prints 3.14"),
        (NAMES, "the floor is 0.0581", "the floor is 0.0580", "prints 0.0580"),
        # the table of scripts
        (NAMES, "0.0910 (0.0910–", "0.0911 (0.0910–", "simple_ae: the table has"),
        (NAMES, "–0.0911) | 0.1", "–0.0912) | 0.1", "simple_ae: the table has"),
        (NAMES, "0.0911) | 0.1 |", "0.0911) | 1.0 |", "simple_ae: the table has"),
        (NAMES, "| 0.1020 |", "| 0.1800 |", "simple_ae: the table has"),
        (NAMES, "| [vae.py](vae.py) |", "| vae.py |", "table has no vae.py"),
        (NAMES, "| [vae.py](vae.py) |", "| [pca.py](pca.py) |", "which is no script"),
        # blocks and docstrings
        (NAMES, "better, 0.0910", "better, 0.0911", "below python claims/pca.py"),
        (NAMES, "network is better, 0", "network is worse, 0", "below python claims/"),
        (NAMES, "claims/pca.py", "claims/speed.py", "nothing proves"),
        (["simple_ae.py"], "test BCE 0.0910", "test BCE 0.0911", "docstring"),
        (["vae.py"], "nats\n    | 61 s", "nats\n    | 9 s", None),
        # links and pictures
        (NAMES, "(README.zh-TW.md)", "(nowhere.md)", "nowhere.md, which is not"),
        (NAMES, "(#results-for-all)", "(#results)", "#results, which is not"),
        (NAMES, "(picture.png)", "(figures/none.png)", "none.png, which is not"),
        # the twins
        (NAMES[:1], "0.117 by", "0.1174 by", "differ"),
        (NAMES[:1], "| V |", "| 2 |", "differ"),
        (NAMES[:1], "## Results", "### Results", "differ"),
        (NAMES[:1], "print(1 / 4)", "print(1 / 5)", "differ"),
        (NAMES[:1], "python claims/pca.py", "python vae.py", "differ"),
        (NAMES[:1], "![a picture](picture.png)", "", "differ"),
        (NAMES[:1], "# Autoencoders\n", "# Autoencoders\n" + 260 * "\n", "lines, 280"),
    ],
)
def test_what_is_written_is_compared(project, capsys, names, old, new, problem):
    replace(project, names, old, new)
    status, lines = wrong(capsys, "--quick")
    assert status == (problem is not None)
    assert lines == [] if problem is None else any(problem in line for line in lines)


@pytest.mark.parametrize(
    ("path", "old", "new", "problem"),
    [
        (
            measure.RESULTS,
            "simple_ae,1,0.0911",
            "simple_ae,1,0.1020",
            "not better than",
        ),
        (measure.RESULTS, "simple_ae,1,", "simple_ae,0,", "simple_ae has the seeds"),
        (measure.RESULTS, "simple_ae,1,", "simple_ae,2,", "simple_ae has the seeds"),
        (
            measure.CLAIMS,
            "claims/pca.py",
            "claims/old.py",
            "not in claims.txt: python",
        ),
        ("simple_ae.py", "rate = 1e-2", "rate = 2e-2", "simple_ae has the seeds"),
    ],
)
def test_the_record_is_checked(project, capsys, path, old, new, problem):
    replace(project, [path], old, new)
    status, lines = wrong(capsys, "--quick")
    assert status == 1 and any(problem in line for line in lines)


def rerun(project, capsys, name, old, new):
    """Return what is wrong if a program prints something else than is on record."""
    replace(project, [name], old, new)
    rows = measure.read_results(project / measure.RESULTS)
    record = check_readme.on_record(rows)
    text = (project / "README.md").read_text(encoding="utf-8")
    return check_readme.check_runs(text, rows, record)


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("claims/pca.py", "PCA-32: BCE 0.1174", "PCA-32: BCE 0.1200", None),
        ("claims/pca.py", "PCA-32: BCE 0.1174", "PCA-32: BCE 0.1300", "0.1300"),
        ("claims/pca.py", "97.28", "95.30", None),
        ("claims/pca.py", "97.28", "95.20", "95.20"),
        ("claims/pca.py", "in 3 s", "in 90 s", None),
        ("claims/pca.py", "network is better", "network is worse", "below python"),
        ("claims/pca.py", 'print("PCA', '("PCA', "PCA-32"),
        (
            "claims/pca.py",
            'print("saved',
            '1 / 0\nprint("saved',
            "failed, with status 1",
        ),
        ("README.md", "print(1 / 4)", "print(1 / 0)", "this snippet failed"),
        (
            "README.md",
            "claims/pca.py\n",
            "claims/pca.py\nfalse\n",
            "failed, with status",
        ),
    ],
)
def test_what_is_printed_is_compared(project, capsys, name, old, new, problem):
    problems = rerun(project, capsys, name, old, new)
    assert bool(problems) == (problem is not None)
    assert problem is None or any(problem in text for text in problems)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("BCE 0.0895 (floor 0.0581) | MSE 0.0103 | PSNR 20.5 dB | 99 s", None),
        ("BCE 0.0894 (floor 0.0581) | MSE 0.0097 | PSNR 20.1 dB | 5 s", "bce 0.0894"),
        ("BCE 0.0910 (floor 0.0581) | MSE 0.0104 | PSNR 20.1 dB | 5 s", "mse 0.0104"),
        ("BCE 0.0910 (floor 0.0581) | MSE 0.0097 | PSNR 20.6 dB | 5 s", "psnr 20.6"),
        (
            "BCE 0.1020 (floor 0.0581) | MSE 0.0097 | PSNR 20.1 dB | 5 s",
            "not better than",
        ),
        ("BCE nan (floor 0.0581) | MSE nan | PSNR nan dB | 5 s", "no result line"),
    ],
)
def test_a_run_of_seed_0_is_compared_with_the_range(project, line, problem):
    rows = measure.read_results(project / measure.RESULTS)
    problems = check_readme.check_script("simple_ae", f"simple_ae: test {line}", rows)
    assert problems == [] if problem is None else problem in problems[0]


@pytest.mark.parametrize(("elbo", "right"), [("-138.5", True), ("-138.6", False)])
def test_the_elbo_is_compared_with_the_range(project, elbo, right):
    rows = measure.read_results(project / measure.RESULTS)
    printed = (
        "vae: test BCE 0.1830 (floor 0.0581) | MSE 0.0412 | PSNR 14.0 dB | "
        f"ELBO {elbo} nats | 60 s"
    )
    assert (check_readme.check_script("vae", printed, rows) == []) == right


@pytest.mark.parametrize(
    ("stated", "printed", "same"),
    [
        ("in 3 s", "in 40 s", True),
        ("17 times faster", "9 times faster", True),
        ("97 % right", "95 % right", True),
        ("97 % right", "94 % right", False),
        ("4 units", "9 units", True),
        ("4 units", "10 units", False),
        ("300 units", "330 units", True),
        ("300 units", "331 units", False),
        ("MSE 0.0100", "MSE 0.0115", True),
        ("MSE 0.0100", "MSE 0.0116", False),
        ("PSNR 20.0", "PSNR 21.0", True),
        ("PSNR 20.0", "PSNR 21.1", False),
        ("sigma 0.8", "sigma 0.9", True),
        ("sigma 0.8", "sigma 1.0", False),
        ("ELBO −136.5", "ELBO  -137.5", True),
        ("leads by 0.5", "trails by 0.5", False),
        ("0.1 and 0.2", "0.1", False),
        ("7 rows read, decoder: BCE 0.3000", "7 rows read, decoder: BCE 0.5500", True),
        ("7 rows read, decoder: BCE 0.3000", "7 rows read, decoder: BCE 0.6500", False),
        ("7 rows read, encoder: BCE 0.3000", "7 rows read, encoder: BCE 0.5500", False),
        ("of which prefer 0 to 9: 16 7", "of which prefer 0 to 9: 30 2", True),
    ],
)
def test_how_far_a_number_may_drift(stated, printed, same):
    assert check_readme.same_line(stated, printed) == same


def test_expected_output_stands_below_the_last_command():
    text = "```bash\n{}\n```\n{}\n```text\na\nb\n```\n"
    two = "python3 -m venv .venv && .venv/bin/python x.py\npython y.py  # slow"
    assert check_readme.expected(text.format(two, "")) == [("python y.py", ["a", "b"])]
    one = text.format(two.splitlines()[0], "")
    assert check_readme.expected(one) == [("python x.py", ["a", "b"])]
    assert check_readme.expected(text.format(two, "Words.")) == []
