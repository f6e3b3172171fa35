"""Each answer of the claims' pages still follows from the record."""

import json
from pathlib import Path

from experiment import lower

PROJECT = Path(__file__).resolve().parent.parent


def record(name):
    """Return what a program has written, as record/NAME.json has it."""
    text = (PROJECT / f"record/{name}.json").read_text(encoding="utf-8")
    return json.loads(text)["data"]


def test_pca():
    data = record("pca")
    networks = data["networks"]
    best_pca = data["baselines"]["PCA-32, best clip"]
    own = networks["+ relu = simple_ae"]
    by_mse = networks["simple_ae by MSE"]
    tied = networks["simple_ae, tied"]

    # Better than PCA, mostly by the sigmoid; the linear network is PCA again.
    for measure, pca in best_pca.items():
        assert own[measure]["high"] < pca
        assert abs(networks["linear, by MSE"][measure]["mean"] - pca) < 5e-5
        assert lower(networks["+ BCE"][measure], own[measure])
        assert lower(own[measure], tied[measure])
    gain = best_pca["bce"] - own["bce"]["low"]
    assert best_pca["bce"] - networks["+ sigmoid"]["bce"]["high"] > 0.8 * gain
    assert own["above_0"]["low"] > 0.95
    assert 32 < data["numbers_needed"]["mse"] < data["numbers_needed"]["bce"]

    # Each loss wins in its own measure; with a linear code BCE costs no MSE.
    assert lower(own["bce"], by_mse["bce"]) and lower(by_mse["mse"], own["mse"])
    assert by_mse["bce"]["high"] < 1.05 * own["bce"]["low"]
    mse = networks["+ sigmoid"]["mse"], networks["+ BCE"]["mse"]
    assert not lower(*mse) and not lower(*reversed(mse))
    assert tied["parameters"] < 0.52 * own["parameters"]
    for row in networks.values():
        assert min(row["tried"].values()) == row["tried"][f"{row['rate']}"]
        tried = sorted(map(float, row["tried"]))
        assert tried[0] < row["rate"] < tried[-1]


def test_gallery():
    data = record("gallery")
    bce = {name: data[name]["bce"] for name in data if "_ae" in name or name == "vae"}
    assert bce["vae"] == max(bce.values())
    assert bce["deep_ae"] < bce["simple_ae"]
    assert sorted(bce, key=bce.get)[:2] == ["conv_ae", "seq2seq_ae"]
    sizes = {name: data[name]["code_size"] for name in bce}
    assert sizes["sparse_ae"] == sizes["conv_ae"] == sizes["seq2seq_ae"] == 128
    assert sizes["denoise_ae"] == max(sizes.values())


def test_no_script_overfits():
    """docs/method.md: the lowest test error comes in the last epoch or before it."""
    gaps = {}
    for path in (PROJECT / "record").glob("*-[0-9].json"):
        history = record(path.stem)["history"]
        key = "binary_crossentropy" if "binary_crossentropy" in history else "loss"
        test = history[f"val_{key}"]
        assert test.index(min(test)) >= len(test) - 2
        gaps.setdefault(path.stem[:-2], []).append(test[-1] - history[key][-1])
    assert {name for name, gap in gaps.items() if max(gap) > 0.0005} == {"vae"}
    assert min(gaps["vae"]) > 0.0005
