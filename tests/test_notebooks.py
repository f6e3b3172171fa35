"""The notebooks: they are today's scripts, were run whole, and stand alone.

python -m pip install -r tests/requirements-kernel.txt
python -m pytest tests/test_notebooks.py
"""

import re

from conftest import PROJECT
import pytest

pytest.importorskip("nbclient", reason="needs tests/requirements-kernel.txt")
import nbformat
import notebooks
import record


def read(name):
    return nbformat.read(PROJECT / "notebooks" / f"{name}.ipynb", 4)


def outputs_of(notebook):
    """Return what the cells have printed, and the pictures that they show."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    text = "".join(out.get("text", "") for out in outputs)
    return text, [out.data for out in outputs if "image/png" in out.get("data", {})]


def pictures(name):
    """Return how many pictures a script draws."""
    code = (PROJECT / f"{name}.py").read_text(encoding="utf-8")
    return len(re.findall(r'args\.out / "\w+\.png"', code))


@pytest.mark.parametrize("name", notebooks.names())
def test_it_is_todays_script(name):
    def sources(notebook):
        return [(cell.cell_type, cell.source) for cell in notebook.cells]

    kept, made = read(name), notebooks.make(name)
    assert sources(kept) == sources(made)
    assert kept.metadata["hash"] == made.metadata["hash"]


@pytest.mark.parametrize("name", notebooks.names())
def test_its_outputs_are_those_of_a_whole_training(name):
    path = PROJECT / "notebooks" / f"{name}.ipynb"
    assert path.stat().st_size < 300_000
    code = [cell for cell in read(name).cells if cell.cell_type == "code"]
    if not any(cell.outputs for cell in code):
        pytest.skip(f"not run yet: python tools/notebooks.py {name}")
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))

    text, shown = outputs_of(read(name))
    data = record.read(f"{name}-0")["data"]
    bce = float(re.findall(rf"^{name}: test BCE (\S+)", text, re.MULTILINE)[-1])
    assert bce == pytest.approx(data["bce"], abs=0.001)  # another processor's digits
    assert f"Epoch {data['epochs']}/{data['epochs']}\n" in text
    assert len(shown) == pictures(name)
    assert not re.search(r"[\b\r\x1b]", text)  # a bar


@pytest.mark.parametrize("name", notebooks.names())
def test_it_runs_alone(name, tiny_npz, tmp_path):
    """In a folder that has nothing but the data, with one epoch."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mnist.npz").write_bytes(tiny_npz.read_bytes())
    notebook = notebooks.make(name)
    for cell in notebook.cells:
        cell.source = cell.source.replace("(None, [],", '(None, ["--epochs", "1"],')
    notebooks.run(notebook, tmp_path)

    text, shown = outputs_of(notebook)
    assert re.search(rf"^{name}: test BCE 0\.\d{{4}} .* s\n\Z", text, re.MULTILINE)
    assert len(shown) == pictures(name)
    assert (tmp_path / f"outputs/{name}.keras").is_file()
