"""claims/post_2020/: the record of its run, which the READMEs quote."""

import ast
from pathlib import Path
import re
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "claims" / "post_2020"
PAIR = r"(0\.\d{4})/(0\.\d{4})"


@pytest.fixture(scope="module")
def output():
    return (FOLDER / "output.txt").read_text(encoding="utf-8")


def script():
    return (FOLDER / "post_2020.py").read_text(encoding="utf-8")


def test_the_script_is_python_3_7():
    ast.parse(script(), feature_version=(3, 7))


def test_the_record_has_its_date_and_versions(output):
    pattern = (
        r"20\d\d-\d\d-\d\d \| Python 3\.7\.\d+ \| Keras 2\.3\.1 \| TensorFlow 1\.15\.5"
    )
    assert re.match(pattern + r" \| seed 10\n", output)
    pins = (FOLDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {"keras==2.3.1", "tensorflow==1.15.5", "numpy<1.19"} <= set(pins)


def test_the_record_has_every_epoch(output):
    logs = output.split("\n\n")[1:4]
    for log, name, epochs in zip(
        logs, ("simple", "sparse", "sparse, l1 / 128"), (25, 100, 25), strict=True
    ):
        first, *lines, last = log.splitlines()
        assert first == f"{name}, {epochs} epochs:"
        assert [int(line.split()[1]) for line in lines] == list(range(1, epochs + 1))
        for line in lines:
            assert re.search(r"- loss: 0\.\d{4} - val_loss: 0\.\d{4}$", line)
        assert last.startswith(f"{name}: test BCE 0.")


def test_the_two_logs_side_by_side_are_the_posts_and_this_one(output):
    rows = re.findall(rf"\| (\w+) \| (\d+) \| {PAIR} \| {PAIR} \|", output)
    assert [int(row[1]) for row in rows] == [*range(1, 26), 100]
    text = re.search(r'POST_SIMPLE = """(.+?)"""', script(), re.DOTALL)[1]
    post = re.findall(PAIR, text)
    assert post[0] == ("0.3079", "0.2502") and post[5] == ("0.1619", "0.1563")
    for name, epoch, *losses in rows:
        section = output.split(f"\n{name}, ")[1].split("\n\n")[0]
        found = re.search(
            rf"^Epoch {epoch} - loss: (\S+) - val_loss: (\S+)$", section, re.MULTILINE
        )
        assert list(found.groups()) == losses[2:]
        if name == "simple":
            assert tuple(losses[:2]) == post[int(epoch) - 1]
    same = sum(row[2:4] == row[4:6] for row in rows[:25])
    assert f"verdict: {same} of 25 lines of the simple log are the post's" in output


def test_what_is_quoted_from_the_record(output):
    """The numbers that the READMEs quote."""
    for name, bce, active in [
        ("simple", "0.1020", "92."),
        ("sparse", "0.2689", "0.003"),
        ("sparse, l1 / 128", "0.1074", "84."),
    ]:
        line = next(x for x in output.splitlines() if x.startswith(f"{name}: test"))
        assert f"BCE {bce} without penalty | {active}" in line
    assert "the answer to every digit: BCE 0.2625\n" in output
    assert output.splitlines()[-1].startswith("verdict: 25 of 25 lines")


def test_its_readme_shows_that_table_and_that_date(output):
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    table = "".join(re.findall(r"^\|.*\n", output, re.MULTILINE))
    assert len(table.splitlines()) == 28
    assert table in readme
    assert output.splitlines()[0] in readme and output.splitlines()[-1] in readme
