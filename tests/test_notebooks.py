"""The notebooks: they are today's scripts, were run whole, and stand alone.

python -m pip install -r tests/requirements-kernel.txt
python -m pytest tests/test_notebooks.py
"""

import re
import shutil

from conftest import PROJECT, SCRIPTS
import pytest

pytest.importorskip("nbclient", reason="needs tests/requirements-kernel.txt")
import nbformat
import notebooks
import record


def printed_by(notebook):
    """Return the text that the cells have printed; each figure must be shown."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    shown = sum("image/png" in out.get("data", {}) for out in outputs)
    assert shown == sum(cell.source.count("display(") for cell in notebook.cells) > 1
    return "".join(out.get("text", "") for out in outputs)


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_todays_script_and_its_outputs_are_of_a_whole_training(name):
    path = PROJECT / "notebooks" / f"{name}.ipynb"
    if not path.is_file():
        pytest.skip(f"{name} has no notebook yet: python tools/notebooks.py {name}")
    kept, made = nbformat.read(path, 4), notebooks.make(name)
    assert kept.metadata["hash"] == made.metadata["hash"]
    for cell, todays in zip(kept.cells, made.cells, strict=True):
        assert (cell.cell_type, cell.source) == (todays.cell_type, todays.source)

    code = [cell for cell in kept.cells if cell.cell_type == "code"]
    if not any(cell.outputs for cell in code):
        pytest.skip(f"not run yet: python tools/notebooks.py {name}")
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    text = printed_by(kept)
    data = record.read(f"{name}-0")["data"]
    bce = float(re.findall(rf"^{name}: test BCE (\S+)", text, re.MULTILINE)[-1])
    assert bce == pytest.approx(data["bce"], abs=0.001)  # another processor's digits
    assert f"Epoch {data['epochs']}/{data['epochs']}\n" in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_runs_alone(name, tiny_npz, tmp_path):
    """In a folder that has nothing but the data, with one epoch."""
    (tmp_path / "data").mkdir()
    shutil.copy(tiny_npz, tmp_path / "data/mnist.npz")
    notebook = notebooks.make(name)
    for cell in notebook.cells:
        cell.source = cell.source.replace("(None, [],", '(None, ["--epochs", "1"],')
    notebooks.run(notebook, tmp_path)
    last_line = printed_by(notebook).splitlines()[-1]
    assert re.fullmatch(rf"{name}: test BCE 0\.\d{{4}} .* s", last_line)
