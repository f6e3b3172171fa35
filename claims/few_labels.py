"""Few labels: does a code that was learnt without labels help when labels are few?

Ten to a thousand training images get a label, five times anew. Logistic regression and
an SVM with an RBF kernel learn from pixels, from PCA's numbers, from five scripts'
codes, and from two controls. Their settings are chosen by 2,000 images of the last
5,000. In the end sparse_ae.py's encoder gets a softmax layer, frozen or not.

    python claims/few_labels.py        (after simple, sparse, deep, conv and vae)
"""

import functools
import itertools

import experiment
import common
import conv_ae
import deep_ae
import keras
from keras import layers
from matplotlib.figure import Figure
import numpy as np
import simple_ae
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import SVC
import sparse_ae
import vae

SCRIPTS = simple_ae, deep_ae, sparse_ae, conv_ae, vae
SIZES = 10, 30, 100, 300, 1000  # labels
DRAWS = 5
TUNING_DRAWS = 2  # of the five; their test accuracy is not looked at for that
TUNING_IMAGES = 2000
GRIDS = {
    "linear": {"C": [0.01, 0.1, 1, 10, 100, 1000, 10000]},
    "SVM": {"C": [1, 10, 100], "gamma": [0.03, 0.1, 0.3, 1, 3, 10]},
}
WITHOUT = "sparse_ae without penalties"
UNTRAINED = "conv_ae, untrained"
EPOCHS = 30  # with the softmax layer


def draw_labels(labels, size):
    """Return DRAWS arrays of `size` indices each, in the proportions of the digits."""
    places = np.arange(len(labels))
    return [
        train_test_split(places, train_size=size, stratify=labels, random_state=n)[0]
        for n in range(DRAWS)
    ]


def make_features(images, args):
    """Return {name: (x_fit, x_choose, x_test)}, what the classifiers are given.

    All are centred and divided by one number, so that the squared distances of two
    images are 2 on average: then one grid of settings serves all.
    """
    pca = PCA(min(40, len(images.fit.x)), svd_solver="covariance_eigh")
    functions = {"pixels": lambda x: x, "PCA-40": pca.fit(images.fit.x).transform}
    encoders = {}
    for script in SCRIPTS:
        encoders[script.__name__] = experiment.load_models(script, args)[1]
    models, _ = experiment.retrain(
        sparse_ae,
        images.train.x,
        args.seed,
        build=lambda: sparse_ae.build_autoencoder(l1=0, l2=0),
    )
    encoders[WITHOUT] = models[1]
    keras.utils.set_random_seed(args.seed)
    encoders[UNTRAINED] = conv_ae.build_autoencoder()[1]

    for name, encoder in encoders.items():
        functions[name] = functools.partial(experiment.encode, encoder)

    features = {}
    for name, function in functions.items():
        parts = [function(part.x) for part in images[1:]]  # all but "train"
        parts = [numbers.reshape(len(numbers), -1) for numbers in parts]
        mean = parts[0].mean(axis=0)
        scale = np.sqrt(parts[0].var(axis=0).sum())
        features[name] = [(numbers - mean) / scale for numbers in parts]
    return features


def classify(kind, features, images, draws):
    """Return the test accuracy with each of `draws`, indices of x_fit; the setting."""
    x_fit, x_choose, x_test = features
    classifier = LogisticRegression(max_iter=300) if kind == "linear" else SVC()

    # The images to choose by stand first, and after them those of two draws.
    tuning = np.concatenate(draws[:TUNING_DRAWS])
    x = np.concatenate([x_choose[:TUNING_IMAGES], x_fit[tuning]])
    y = np.concatenate([images.choose.y[:TUNING_IMAGES], images.fit.y[tuning]])
    first = len(x) - len(tuning)
    parts = np.split(np.arange(first, len(x)), TUNING_DRAWS)
    splits = [(part, np.arange(first)) for part in parts]
    search = GridSearchCV(classifier, GRIDS[kind], cv=splits, refit=False).fit(x, y)

    classifier.set_params(**search.best_params_)
    accuracies = []
    for draw in draws:
        classifier.fit(x_fit[draw], images.fit.y[draw])
        accuracies.append(classifier.score(x_test, images.test.y))
    return accuracies, search.best_params_


def train_softmax(weights, trainable, rate, seed, x, y):
    """Return a trained classifier: sparse_ae.py's encoder and a softmax layer.

    Without `weights` it starts at random. If not `trainable`, its weights stay.
    """
    keras.utils.set_random_seed(seed)
    _, encoder, _ = sparse_ae.build_autoencoder(l1=0, l2=0)
    if weights is not None:
        encoder.set_weights(weights)
    encoder.trainable = trainable
    model = keras.Sequential([encoder, layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=EPOCHS, batch_size=20, verbose=0)
    return model


def share_wrong(model, images):
    """Return the share of images that a Keras classifier gets wrong."""
    guesses = model.predict(images.x, batch_size=500, verbose=0).argmax(axis=1)
    return float(np.mean(guesses != images.y))


def fine_tune(images, draws, weights):
    """Return {"frozen", "fine-tuned", "from scratch": {"accuracy", "rate"}}."""
    ways = {
        "frozen": (weights, False),
        "fine-tuned": (weights, True),
        "from scratch": (None, True),
    }
    results = {}
    for name, way in ways.items():

        def error_of(rate, fit, judges, n=0, way=way):
            x, y = fit.x[draws[n]], fit.y[draws[n]]
            return share_wrong(train_softmax(*way, rate, n, x, y), judges)

        rate, _ = experiment.choose([1e-3, 3e-3, 1e-2], error_of, images)
        accuracies = [
            1 - error_of(rate, images.fit, images.test, n) for n in range(DRAWS)
        ]
        results[name] = {"accuracy": experiment.summary(accuracies), "rate": rate}
    return results


@common.default_style
def plot(accuracy):
    """Draw the wrong answers over the labels: {kind: {name: {labels: summary}}}."""
    fig = Figure(figsize=(11, 6), layout="constrained")
    axes = fig.subplots(1, 2, sharey=True)
    for axis, (kind, by_name) in zip(axes, accuracy.items()):
        for (name, by_size), marker in zip(by_name.items(), "svD^oPX*d", strict=True):
            wrong = [100 - 100 * found["mean"] for found in by_size.values()]
            style = "-" if name in [script.__name__ for script in SCRIPTS] else "--"
            axis.plot(list(by_size), wrong, style, marker=marker, label=name)
        axis.set(title=kind, xlabel="labelled images", xscale="log", yscale="log")
        axis.set_xticks(list(by_size), labels=list(by_size))
        axis.set_yticks([5, 10, 20, 30, 40, 50, 60])
        axis.yaxis.set_major_formatter("{x:g} %")
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("wrong answers on test images")
    fig.legend(handles=axes[0].lines, loc="outside lower center", ncols=4)
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    images = experiment.load_images(args)
    sizes = [size for size in SIZES if 2 * size < len(images.fit.y)]
    draws = {size: draw_labels(images.fit.y, size) for size in sizes}
    features = make_features(images, args)

    accuracy = {}
    settings = {}
    for kind in GRIDS:
        accuracy[kind] = {name: {} for name in features}
        for name, n in itertools.product(features, sizes):
            found, setting = classify(kind, features[name], images, draws[n])
            accuracy[kind][name][n] = experiment.summary(found)
            settings[f"{kind}, {name}, {n}"] = setting
        print(f"{kind}: test accuracy, mean and range of {DRAWS} draws of labels")
        rows = [[name, *of.values()] for name, of in accuracy[kind].items()]
        experiment.print_table(["", *sizes], rows, decimals=3)

    weights = experiment.load_models(sparse_ae, args)[1].get_weights()
    softmax = {n: fine_tune(images, draws[n], weights) for n in sizes[::2]}
    print("sparse_ae's encoder with a softmax layer")
    rows = [
        [way, *(of[way]["accuracy"] for of in softmax.values())]
        for way in softmax[sizes[0]]
    ]
    experiment.print_table(["", *softmax], rows, decimals=3)

    plot(accuracy).savefig(args.out / "few_labels.png", dpi=150)
    experiment.report(
        "few_labels", args, accuracy=accuracy, settings=settings, softmax=softmax
    )


if __name__ == "__main__":
    main()
