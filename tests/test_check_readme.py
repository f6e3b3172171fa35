"""check_readme.py finds what it is there to find."""

import check_readme
import pytest

TABLE = """
| script | section | shows | code | par. | epochs | time | post | BCE | MSE | PSNR |
|---|---|---|---|---|---|---|---|---|---|---|
| floor, the images | | | 784 | – | – | – | – | 0.0581 | 0.0000 | – |
| [simple_ae.py](simple_ae.py) | S | ELBO -138.9 nats | 32 | 50,992 | 10 | 9 s | 0.1020 | 0.0919 | 0.0093 | 20.3 dB |
"""  # noqa: E501
ROW = check_readme.scripts_table(TABLE)["simple_ae"]
RIGHT = {
    check_readme.CODE: ("exact", 32.0),
    check_readme.PARAMETERS: ("exact", 50992.0),
    check_readme.EPOCHS: ("exact", 10.0),
    check_readme.BCE: ("BCE", 0.0919),
    check_readme.MSE: ("MSE", 0.0093),
    check_readme.PSNR: ("PSNR", 20.3),
}


def test_empty_cells_keep_their_columns():
    cells = check_readme.scripts_table(TABLE)["floor, the images"]
    assert len(cells) == len(ROW) == 11
    assert cells[check_readme.BCE] == "0.0581"


def test_the_right_row_passes():
    assert check_readme.compare("simple_ae", ROW, RIGHT) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (check_readme.CODE, 33.0),
        (check_readme.PARAMETERS, 50993.0),
        (check_readme.EPOCHS, 11.0),
        (check_readme.BCE, 0.0935),
        (check_readme.MSE, 0.0086),
        (check_readme.PSNR, 20.8),
    ],
)
def test_a_wrong_number_is_found(column, value):
    kind, _ = RIGHT[column]
    problems = check_readme.compare("simple_ae", ROW, RIGHT | {column: (kind, value)})
    assert len(problems) == 1 and ROW[column] in problems[0]


def test_readmes_that_differ_are_found():
    code = "```bash\npython simple_ae.py\n```\n"

    def problems(one, other):
        return check_readme.compare_readmes({"one": one, "other": other})

    assert problems(TABLE + code, TABLE.replace("S |", "節 |") + code) == []
    assert problems(TABLE, TABLE.replace("0.0919", "0.0918"))
    assert problems(TABLE, TABLE.replace("simple_ae.py", "deep_ae.py"))
    assert problems(TABLE + code, TABLE)
    assert problems(TABLE, TABLE + "\n| a | b |\n|---|---|\n| 1 | 2 |\n")


def test_dead_links_and_missing_scripts_are_found():
    text = TABLE + "[a](nowhere.md) ![b](figures/none.png) [c](https://keras.io)"
    problems = check_readme.check_links({"README.md": text})
    assert [problem.split()[3].rstrip(",") for problem in problems] == [
        "nowhere.md",
        "figures/none.png",
    ]
    ghost = TABLE + TABLE.splitlines()[-1].replace("simple_ae", "ghost_ae")
    problems = check_readme.check_scripts_are_there({"README.md": ghost})
    assert "README.md's table has no vae.py" in problems
    assert "README.md names ghost_ae.py, which is not there" in problems
