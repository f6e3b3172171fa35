"""Exercises: small changes to simple_ae.py, and what comes of them.

    python claims/exercises.py                      lists them
    python claims/exercises.py code_size adadelta   runs these two; all: runs them all

Each changes one thing and keeps the rest as it is in outputs/simple_ae.keras, so
python simple_ae.py comes first (and python vae.py before shuffled_code). BCE is that of
the test images. More: claims/settings.py, claims/symptoms.py.
"""

import shared  # first: it makes the project's folder importable
import common
import simple_ae
import keras
from keras import layers
import numpy as np
import retrain
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors


def than(a, b):
    """Return "better" or "worse", for a loss of `a` beside one of `b`."""
    return "better" if a < b else "worse"


def code_size(args):
    """A code of 8 numbers and one of 64: what does a number buy?"""
    own = simple_ae.encoding_dim
    bce = {own: retrain.own_loss(simple_ae, args)}
    for size in 8, 64:
        simple_ae.encoding_dim = size
        autoencoder, _, _ = retrain.build(simple_ae, args)
        bce[size] = retrain.fit_as(simple_ae, autoencoder, args)[-1]
    simple_ae.encoding_dim = own
    print("code_size: BCE", ", ".join(f"{bce[n]:.4f} with {n}" for n in sorted(bce)))
    first, later = (bce[8] - bce[own]) / (own - 8), (bce[own] - bce[64]) / (64 - own)
    which = "less" if later < first else "no less"
    print(f"verdict: a number beyond the first {own} buys {which} than one before")


def linear_code(args):
    """A code without relu, which makes it linear, like PCA's."""
    _, _, decoder = retrain.build(simple_ae, args)
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(simple_ae.encoding_dim)(input_img)  # no activation
    autoencoder = keras.Model(input_img, decoder(encoded))
    linear = retrain.fit_as(simple_ae, autoencoder, args)[-1]
    relu = retrain.own_loss(simple_ae, args)
    x_train, x_test = retrain.images(args, autoencoder)
    pca = PCA(simple_ae.encoding_dim, random_state=args.seed).fit(x_train)
    decoded_imgs = np.clip(pca.inverse_transform(pca.transform(x_test)), 0, 1)
    best = common.binary_crossentropy(x_test, decoded_imgs)
    print(f"linear_code: BCE {linear:.4f}, with relu {relu:.4f}, PCA {best:.4f}")
    words = than(linear, relu), than(linear, best)
    print(f"verdict: it is {words[0]} than with relu, and {words[1]} in BCE than PCA")


def no_warmup(args):
    """A fast rate with a warm-up, and without one: relu units die."""
    bce, dead, rate = [], [], 3e-2
    for warmup in True, False:
        settings = retrain.own_settings(simple_ae, args)
        schedule = settings["learning_rate"]["config"]
        schedule["warmup_target"] = rate
        if not warmup:  # The fall alone takes all of the steps.
            schedule["decay_steps"] += schedule["warmup_steps"]
            schedule |= {"initial_learning_rate": rate, "warmup_target": None}
        adam = keras.optimizers.Adam.from_config(settings)
        autoencoder, encoder, _ = retrain.build(simple_ae, args)
        bce.append(retrain.fit_as(simple_ae, autoencoder, args, adam)[-1])
        _, x_test = retrain.images(args, autoencoder)
        dead.append(sum(encoder.predict(x_test, verbose=0).max(axis=0) == 0))
    texts = [f"BCE {b:.4f}, {d} dead units" for b, d in zip(bce, dead)]
    print(f"no_warmup: with a warm-up to {rate} {texts[0]}; without {texts[1]}")
    more = "more" if dead[1] > dead[0] else "no more"
    print(f"verdict: without a warm-up {more} units die; BCE is {than(*bce[::-1])}")


def adadelta(args):
    """The post's optimizer: by its name, and with the rate that it had then."""
    own, bce = retrain.own_loss(simple_ae, args), []
    for optimizer in "adadelta", keras.optimizers.Adadelta(learning_rate=1.0):
        autoencoder, _, _ = retrain.build(simple_ae, args)
        bce.append(retrain.fit(autoencoder, optimizer, args, 25, batch_size=128)[-1])
    print(f'adadelta: "adadelta", 25 epochs: BCE {bce[0]:.4f}; rate 1.0: {bce[1]:.4f}')
    learnt = 1 - (bce[0] - own) / (np.log(2) - own)  # 0: a grey image, 1: the script
    text = f"by name it gets {learnt:.0%} of the way from grey to simple_ae.py"
    print(f"verdict: {text}; at 1.0 it is {than(bce[1], own)} than that ({own:.4f})")


def shuffled_code(args):
    """Codes that no image has: do they decode to digits, as vae.py's do?"""
    rng, rows, times = np.random.default_rng(args.seed), {}, {}
    models = {name: shared.load_model(name, args.out) for name in ("simple_ae", "vae")}
    for name, (autoencoder, encoder, decoder) in models.items():
        x_train, x_test = retrain.images(args, autoencoder)
        if name == "vae":
            codes, _, _ = encoder.predict(x_test[:1000], verbose=0)
            new_codes = rng.standard_normal(codes.shape)
        else:  # each number from another image's code
            codes = encoder.predict(x_test[:1000], verbose=0)
            new_codes = rng.permuted(codes, axis=0)
        nearest = NearestNeighbors(n_neighbors=1).fit(x_train)
        decoded = [decoder.predict(code, verbose=0) for code in (codes, new_codes)]
        real, new = (nearest.kneighbors(imgs)[0].mean() for imgs in decoded)
        rows[name], times[name] = decoded[1][:10], new / real
    common.plot_images(rows, args.out / "shuffled_code.png")
    texts = " and ".join(f"{times[name]:.2f} times for {name}" for name in times)
    print(f"shuffled_code: distance to the nearest digit, new to real codes: {texts}")
    farther = max(times, key=times.get)
    print(
        f"verdict: new codes take {farther}.py farther from digits than the other one"
    )


if __name__ == "__main__":
    chosen = [code_size, linear_code, no_warmup, adadelta, shuffled_code]
    common.run(lambda argv: retrain.run_chosen(chosen, __doc__, argv))
