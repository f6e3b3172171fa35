"""What the post's own logs end with: val_loss, and the epochs that it took."""

POST = {
    "simple_ae": {"loss": 0.1020, "epochs": 25},  # section "Simple Autoencoder"
    "sparse_ae": {"loss": 0.2603, "epochs": 100},  # the penalty is part of it
    "deep_ae": {"loss": 0.0925, "epochs": 100},
    "conv_ae": {"loss": 0.0984, "epochs": 50},  # only its log is in the post
    "denoise_ae": {"loss": 0.0941, "epochs": 100},
}
