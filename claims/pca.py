"""PCA: is the simple autoencoder better than the best linear code?

The post: 「Encoder 的效果等同於做 Dimension Reduction」 (encoding is like dimension
reduction), 「只能處理跟訓練資料類似的」 (only what is like its training data). Of all
linear codes of one size, PCA has the smallest mean squared error (MSE) on the images
that it is fitted to. It does not minimise the binary cross-entropy (BCE), which the
network is trained with. So both are measured, and the MSE on a face, which is no digit.

    python simple_ae.py
    python claims/pca.py
"""

import shared  # first: it makes the project's folder importable
import common
from matplotlib import cbook
import numpy as np
from PIL import Image
from sklearn.decomposition import PCA


def load_face():
    """Return a face, float32 in [0, 1], (1, 784).

    It is Grace Hopper's portrait (US Navy, public domain) from matplotlib's samples.
    """
    path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(path) as portrait:
        face = portrait.convert("L").crop((110, 30, 420, 340)).resize((28, 28))
    return np.asarray(face, dtype=np.float32).reshape(1, 784) / 255


def decode(pca, codes, size, low=0):
    """Return the images, (n, 784) in [low, 1 - low], of PCA's first `size` numbers.

    Args:
        pca: scikit-learn's, fitted with all its components.
        codes: what `pca.transform` returned, (n, components).
    """
    images = codes[:, :size] @ pca.components_[:size] + pca.mean_
    return np.clip(images, low, 1 - low)


def errors(images, reconstructions):
    """Return BCE, in nats a pixel, and MSE of two float32 arrays of one shape."""
    mse = np.mean((images - reconstructions) ** 2, dtype=np.float64)
    return common.binary_crossentropy(images, reconstructions), float(mse)


def crossing(pca, images, measure, goal, low=0):
    """Return the smallest size of PCA with an error of at most `goal`, or None.

    Args:
        pca, low: as in `decode`.
        images: (n, 784).
        measure: 0 for BCE, 1 for MSE.
    """
    codes = pca.transform(images)
    for size in range(1, len(pca.components_) + 1):
        if errors(images, decode(pca, codes, size, low))[measure] <= goal:
            return size
    return None


def compare(ours, theirs):
    """Return a word for the network's error beside PCA's, and both."""
    word = "better" if ours < theirs else "worse"
    return f"{word} ({ours:.4f}, PCA {theirs:.4f})"


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    autoencoder, encoder, _ = shared.load_model("simple_ae", args.out)
    size = encoder.output_shape[-1]
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    pca = PCA().fit(x_train)
    codes = pca.transform(x_test)

    table = {"untrained sigmoid": np.full_like(x_test, 0.5)}
    table["mean image"] = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    for n in sorted({2, size, 128}):
        table[f"PCA-{n}"] = decode(pca, codes, n)
    table[f"simple_ae, {size}"] = autoencoder.predict(x_test, verbose=0)
    table["floor"] = x_test
    table = {name: errors(x_test, images) for name, images in table.items()}
    print(f"{'test set':<17}    BCE      MSE")
    for name, (bce, mse) in table.items():
        print(f"{name:<17} {bce:.4f}   {mse:.4f}")
    bce, mse = table[f"simple_ae, {size}"]

    # A pixel that is not quite black costs much BCE when it is clipped to 0, so PCA
    # also gets the margin that is best for training images.
    margins, some = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2], x_train[:10000]
    tries = [decode(pca, pca.transform(some), size, low) for low in margins]
    low = margins[np.argmin([errors(some, images)[0] for images in tries])]
    pca_bce, _ = errors(x_test, decode(pca, codes, size, low))
    print(f"PCA-{size} clipped to [{low:g}, {1 - low:g}], its best: BCE {pca_bce:.4f}")
    points = crossing(pca, x_test, 0, bce, low), crossing(pca, x_test, 1, mse)
    needs = [f"{n} numbers" if n else "more than it has" for n in points]
    print(f"for the network's BCE PCA needs {needs[0]}, for its MSE {needs[1]}")

    face = load_face()
    images = np.concatenate([x_test[:10], face])
    rows = {
        "original": images,
        f"PCA-{size}": decode(pca, pca.transform(images), size),
        "autoencoder": autoencoder.predict(images, verbose=0),
    }
    common.plot_images(rows, args.out / "pca.png")
    _, (_, pca_face), (_, face_mse) = (errors(face, row[-1:]) for row in rows.values())
    print(f"face: MSE {face_mse:.4f} by the network, {pca_face:.4f} by PCA-{size}")
    print(
        f"verdict: with {size} numbers the autoencoder's BCE on digits is "
        f"{compare(bce, pca_bce)}, its MSE {compare(mse, table[f'PCA-{size}'][1])}; "
        f"its MSE on the face is {compare(face_mse, pca_face)}"
    )


if __name__ == "__main__":
    common.run(main)
