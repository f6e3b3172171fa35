"""Lower precision: does simple_ae.py's network copy worse if it computes in 16 bits?

Keras's policy "mixed_bfloat16" computes in 16 bits and keeps the weights in 32.

    python claims/lower_precision.py
"""

import experiment
import common
import keras
import simple_ae

POLICIES = "float32", "mixed_bfloat16"


def measure(policy, sets, seed):
    """Train the network under a policy; return its {"bce"} of the test images."""
    keras.config.set_dtype_policy(policy)
    models, _ = experiment.retrain(simple_ae, sets.train.x, seed)
    decoded = experiment.reconstruct(models, sets.test.x).astype("float32")
    return {"bce": common.binary_crossentropy(sets.test.x, decoded)}


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)

    found = {}
    try:
        for policy in POLICIES:
            found[policy] = experiment.over_seeds(
                lambda seed, policy=policy: measure(policy, sets, seed)
            )
    finally:
        keras.config.set_dtype_policy("float32")

    rows = [[policy, of["bce"]] for policy, of in found.items()]
    experiment.print_table(["simple_ae.py", "BCE"], rows)
    experiment.report("lower_precision", args, **found)


if __name__ == "__main__":
    main()
