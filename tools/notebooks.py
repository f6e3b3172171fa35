"""Make a notebook of each script, run it, and keep it with its outputs in notebooks/.

    python tools/notebooks.py                  all seven: about ten minutes
    python tools/notebooks.py simple_ae vae    these

A notebook stands alone: it installs Keras and writes common.py; then come the script's
functions and the paragraphs of its `main`, a cell each. It is run in a folder of its
own. If only words have changed since it was run, it keeps its outputs.
"""

import ast
import base64
import io
from pathlib import Path
import re
import shutil
import sys
import tempfile
from textwrap import dedent

import nbclient
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
import record

PROJECT = Path(__file__).resolve().parent.parent
SETUP = """## Setup

Run these two cells and read on below them. The first installs Keras. The second writes
`common.py`, which is the same in all seven notebooks: it loads MNIST, adds noise, draws
figures and prints the last line."""


def make(name):
    """Return the notebook of a script, without outputs."""
    source = (PROJECT / f"{name}.py").read_text(encoding="utf-8")
    common = (PROJECT / "common.py").read_text(encoding="utf-8")
    title, _, text = ast.get_docstring(ast.parse(source)).partition("\n")
    _, _, code = source.partition('"""\n\n')

    # The formatter leaves two blank lines between functions, and none inside of them.
    imports, *functions, main, _ = code.split("\n\n\n")
    steps = dedent(main.partition("\n")[2]).strip().split("\n\n")

    cells = [
        new_markdown_cell(f"# {title}\n{text}"),
        new_markdown_cell(SETUP),
        new_code_cell('%pip install -q "keras>=3.15"'),
        new_code_cell(f"%%writefile common.py\n{common.rstrip()}"),
        new_markdown_cell("## The network"),
        new_code_cell(f"%matplotlib inline\n{imports}"),
        *map(new_code_cell, functions),
        new_markdown_cell("## Train, look, measure"),
        *(new_code_cell(for_a_cell(step)) for step in steps),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"{name}-{number}"  # not a random one
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "hash": record.hash_of(PROJECT / f"{name}.py")}
    return new_notebook(cells=cells, metadata=metadata)


def for_a_cell(step):
    """Return a paragraph of `main` as a notebook has it: figures are shown."""
    code = cell = re.sub(r"\nreturn .*", "", step)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Expr) and "plot_" in ast.unparse(node):
            call = ast.get_source_segment(code, node)
            cell = cell.replace(call, f"display({call})")
    return cell.replace("(__doc__, argv,", "(None, [],")


def run(notebook, folder):
    """Run a notebook in a folder, and keep what its cells print and show."""
    options = {"coalesce_streams": True, "record_timing": False}
    nbclient.execute(notebook, cwd=str(folder), **options)
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        # What pip and TensorFlow say of the machine is left out.
        of_pip = "%pip" in cell.source
        outputs[:] = [o for o in outputs if o.get("name") != "stderr" and not of_pip]
        for pictures in [output.get("data", {}) for output in outputs]:
            if "image/png" in pictures:
                pictures["image/png"] = smaller(pictures["image/png"])


def smaller(png):
    """Return a picture in base64 with 32 colours, at most 900 pixels wide."""
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    image.thumbnail((900, 900))
    file = io.BytesIO()
    small = image.quantize(32, dither=Image.Dither.NONE)
    small.save(file, "png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def main(argv):
    for name in argv or record.SCRIPTS:
        path = PROJECT / "notebooks" / f"{name}.ipynb"
        notebook = make(name)
        old = nbformat.read(path, 4) if path.is_file() else new_notebook()
        was_run = any(cell.get("outputs") for cell in old.cells)
        is_same_code = old.metadata.get("hash") == notebook.metadata["hash"]
        if was_run and is_same_code and len(old.cells) == len(notebook.cells):
            for cell, old_cell in zip(notebook.cells, old.cells):
                cell.update({**old_cell, "source": cell.source})
        else:
            with tempfile.TemporaryDirectory() as folder:
                shutil.copytree(PROJECT / "data", f"{folder}/data")
                run(notebook, folder)
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
