"""In Jupyter for real: a kernel runs the scripts, and `!python` from its cells.

python -m pip install -r tests/requirements-kernel.txt
python -m pytest tests/test_kernel.py
"""

import sys

from conftest import PROJECT
import pytest

pytest.importorskip("nbclient", reason="needs tests/requirements-kernel.txt")
from nbclient import NotebookClient
import nbformat


def run(*cells):
    """Run cells in the project's folder; return the text that each has printed."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": str(PROJECT)}}
    NotebookClient(notebook, timeout=600, resources=resources).execute()
    return ["".join(part.get("text", "") for part in cell.outputs) for cell in cells]


def test_scripts_run_in_a_notebook_and_beside_it(tiny_npz, tmp_path):
    flags = f"--epochs 1 --data {tiny_npz.as_posix()} --out {tmp_path.as_posix()}"
    imported, models, ran, beside, refused, alive = run(
        f"import conv_ae; models = conv_ae.main('{flags}'.split())",
        "print(len(models), models[2].name)",
        f"%run simple_ae.py {flags}",
        f"!{sys.executable} simple_ae.py {flags}",  # which is handed MPLBACKEND
        "%run simple_ae.py --data none.npz",
        "print(encoder.name, 'is still here')",
    )
    assert imported.splitlines()[-1].startswith("conv_ae: test BCE 0.")
    assert models == "3 decoder\n"
    assert ran.splitlines()[-1].startswith("simple_ae: test BCE 0.")
    assert "simple_ae: test BCE 0." in beside
    assert "there is no file 'none.npz'" in refused and "Traceback" not in refused
    assert alive == "encoder is still here\n"
