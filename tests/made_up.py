"""A made-up project for the tests of tools/: two scripts, a claim, two READMEs."""

SCRIPT = '''"""A script.

    simple_ae: test BCE 0.0910 (floor 0.0581) | MSE 0.0097 | PSNR 20.1 dB | 17 s
"""

import sys

rate = 1e-2  # a comment
seed = sys.argv[2] if len(sys.argv) > 2 else "0"
with open("runs.txt", "a", encoding="utf-8") as file:
    file.write(seed)
print("Total params: 50,992 (199.19 KB)")
print("Epoch 10/10")
print("\\x1b[1m469/469\\x1b[0m - loss: 0.0900 - val_loss: 0.0911")
print("saved outputs/simple_ae.png")
print(f"code: an image uses 31.{seed} of 32 units")
print(
    f"simple_ae: test BCE 0.091{seed} (floor 0.0581) | MSE 0.0097 | PSNR 20.1 dB | 5 s"
)
'''

VAE = '''"""Another.

    vae: test BCE 0.1800 (floor 0.0581) | MSE 0.0400 | PSNR 14.0 dB | ELBO -136.5 nats
    | 61 s
"""

print("Total params: 485,396 (1.85 MB)")
print("vae: test BCE 0.1800 (floor 0.0581) | MSE 0.0400 | PSNR 14.0 dB | "
      "ELBO -136.5 nats | 60 s")
'''

COMMON = '''"""Shared."""


def load_mnist(path=None):
    """Load."""
    return path


def plot_images(rows, path):
    return rows
'''

CLAIM = """# The parts of a claim: "__main__" tells it from what claims share.
print("saved outputs/pca.png")
print("PCA-32: BCE 0.1174, 97.28 % correct")
print("verdict: the network is better, 0.0910 against 0.1174, in 3 s")
"""

README = """# Autoencoders

Words, [the other](README.zh-TW.md), [below](#results-for-all).

```bash
.venv/bin/python claims/pca.py
```

```text
verdict: the network is better, 0.0910 against 0.1174, in 2 s
```

## Results, for all

| script | section | what it shows | val_loss, post | test BCE | minutes |
|---|---|---|---|---|---|
| [simple_ae.py](simple_ae.py) | S | one layer | 0.1020 | 0.0910 (0.0910–0.0911) | 0.1 |
| [vae.py](vae.py) | V | new digits | – | 0.1800 (0.1800–0.1800) | 1.0 |

With Keras 3.14 or later the code has 784 / 24.5 numbers, and `rate=0.123` is free. In
BCE it is 0.117 by PCA, which classifies 97.3 % right; the floor is 0.0581.

```python
print(1 / 4)
```

![a picture](picture.png)
"""


def write(folder):
    """Write the project into a folder, without what is on record."""
    for name, text in {
        "simple_ae.py": SCRIPT,
        "vae.py": VAE,
        "common.py": COMMON,
        "claims/pca.py": CLAIM,
        "claims/shared.py": "",
        "README.md": README,
        "README.zh-TW.md": README.replace("Words", "中文").replace("is free", "不算"),
        "picture.png": "",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "tools").mkdir()
