"""What Keras 3 calls or computes differently from TensorFlow.js."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ..keras3 import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
def hard_sigmoid(x: Any) -> Any:
    """TensorFlow.js's and Keras 2's: clip(0.2 x + 0.5, 0, 1). Keras 3's has a slope of 1/6."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@keras.saving.register_keras_serializable(PACKAGE)
def gelu_new(x: Any) -> Any:
    """gelu by tanh."""
    return keras.activations.gelu(x, approximate=True)


def activation(name: str) -> Any:
    """An activation of TensorFlow.js."""
    return {"hard_sigmoid": hard_sigmoid, "gelu_new": gelu_new}.get(name, name)


def adapted(class_name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Class and arguments of a layer."""
    if class_name == "LeakyReLU" and "alpha" in config:
        config = {**config, "negative_slope": config["alpha"]}
        del config["alpha"]
    return class_name, config
