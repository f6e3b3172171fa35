"""What would fail on Windows alone, found by reading: names, encodings, modules."""

import ast
import re

from conftest import PROJECT
import pytest

# .venv, outputs and the like have no part in it.
LEFT_OUT = (PROJECT / ".gitignore").read_text(encoding="utf-8").replace("/", "").split()
FILES = []
for top in sorted(PROJECT.iterdir()):
    if top.name not in [".git", *LEFT_OUT]:
        inside = [p for p in sorted(top.rglob("*")) if p.parent.name not in LEFT_OUT]
        FILES += [path for path in [top, *inside] if path.is_file()]
# The tests write ASCII alone, and history/ runs on Pythons of 2016.
SOURCES = [
    path
    for path in FILES
    if path.suffix == ".py" and not {"tests", "history"} & set(path.parts)
]
REFUSED = re.compile(
    r'[<>:"\\|?*]|[ .]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE
)
POSIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}


def calls(tree):
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_names_can_stand_on_windows():
    names = [path.name for path in FILES]
    assert len(SOURCES) > 20
    assert not [name for name in names if REFUSED.search(name)]
    lower = [str(path).lower() for path in FILES]
    assert len(set(lower)) == len(lower)  # upper and lower case are one there


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_source_is_not_bound_to_posix(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in calls(tree):
        name = getattr(call.func, "attr", getattr(call.func, "id", None))
        builtin_open = isinstance(call.func, ast.Name) and name == "open"
        if not builtin_open and name not in ("read_text", "write_text"):
            continue
        mode = call.args[1] if builtin_open and len(call.args) > 1 else None
        if "b" in getattr(mode, "value", ""):
            continue
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        encoding = getattr(given.get("encoding"), "value", None)
        assert encoding in ("utf-8", "ascii"), f"line {call.lineno}: no encoding"

    for node in ast.walk(tree):
        text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(r"\S+\.(png|keras|npz|csv)", text):
            assert not re.search('[<>:"|]', text), f"line {node.lineno}: {text}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names}
            modules.add(getattr(node, "module", None))
            assert not modules & POSIX_ONLY, f"line {node.lineno}"
