"""In Jupyter for real: a kernel runs the scripts, is interrupted, and lives on.

python -m pip install -r tests/requirements-kernel.txt
python -m pytest tests/test_kernel.py
"""

import queue
import re
import time

from conftest import PROJECT
import pytest

pytest.importorskip("ipykernel", reason="needs tests/requirements-kernel.txt")
from jupyter_client.manager import start_new_kernel

PATIENCE = 600  # seconds; a busy machine loads TensorFlow slowly


class Notebook:
    """A kernel in the project's folder, and what its cells put out."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(
            startup_timeout=PATIENCE, kernel_name="python3", cwd=str(PROJECT)
        )

    def start(self, code):
        self.cell, self.text = self.client.execute(code), ""

    def read(self, until=None):
        """Read what the cell prints, until the pattern comes or the cell ends.

        Returns the name of its error, or None.
        """
        error, end = None, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                assert self.manager.is_alive(), f"the kernel died: {self.text}"
                continue
            if message["parent_header"].get("msg_id") != self.cell:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                self.text += content["text"]
            elif message["msg_type"] == "error":
                error = content["ename"]
                self.text += content["evalue"]
            elif content.get("execution_state") == "idle":
                return error
            if until and re.search(until, self.text):
                return None
        raise AssertionError(f"no end in {PATIENCE} s: {self.text}")

    def run(self, code):
        self.start(code)
        error = self.read()
        assert error is None, f"{error}: {self.text}"
        return self.text

    def interrupt(self, code, when):
        """Run a cell, interrupt it once it has printed `when`; return its error."""
        self.start(code)
        self.read(until=when)
        self.manager.interrupt_kernel()
        return self.read()


@pytest.fixture
def notebook():
    notebook = Notebook()
    yield notebook
    notebook.client.stop_channels()
    notebook.manager.shutdown_kernel(now=True)


@pytest.fixture
def flags(tiny_npz, tmp_path):
    return f"--data {tiny_npz.as_posix()} --out {tmp_path.as_posix()}"


def test_an_imported_script_runs_with_its_flags_and_without(notebook, flags):
    argv = f"'--epochs 1 {flags}'.split()"
    text = notebook.run(f"import conv_ae; models = conv_ae.main({argv})")
    assert re.search(r"^conv_ae: test BCE 0\.\d{4} .* s\n\Z", text, re.MULTILINE)
    assert notebook.run("print(len(models), models[2].name)") == "3 decoder\n"

    # sys.argv is ipykernel's: main must not read it
    assert ".json" in notebook.run("import sys; print(sys.argv)")
    defaults = "import common; args = common.parse_args('', None, epochs=8)"
    assert notebook.run(f"{defaults}; print(args.epochs, args.out)") == "8 outputs\n"
    notebook.run(
        "import keras\ndef stop(*args, **options): raise InterruptedError\n"
        "keras.Model.fit = stop"
    )
    notebook.start("conv_ae.main()")
    assert notebook.read() == "InterruptedError"  # it has come to its training


def test_an_interrupt_ends_the_cell_and_not_the_kernel(notebook, flags):
    notebook.run("mine = 'still here'")
    endless = f"%run simple_ae.py --epochs 100000 {flags}"
    for _ in range(3):
        error = notebook.interrupt(endless, when=r"Epoch [2-9]\d*/100000")
        assert error == "KeyboardInterrupt"
        assert "simple_ae: test BCE" not in notebook.text
        assert notebook.run("print(mine)") == "still here\n"

    notebook.run(f"%run simple_ae.py --epochs 1 {flags}")
    names = "print(autoencoder.built, encoder.name, decoder.name)"
    assert notebook.run(names) == "True encoder decoder\n"

    # after the script Ctrl-C belongs to the session again
    error = notebook.interrupt("print('busy')\nwhile True: pass", when="busy")
    assert error == "KeyboardInterrupt"
    assert notebook.run("print(mine)") == "still here\n"


def test_a_bad_file_is_a_sentence_and_the_kernel_lives(notebook, tmp_path):
    notebook.start(f"%run simple_ae.py --data none.npz --out {tmp_path.as_posix()}")
    assert notebook.read() in (None, "SystemExit")
    assert "the data file none.npz: does not exist" in notebook.text
    assert "Traceback" not in notebook.text
    assert notebook.run("print('still here')") == "still here\n"
