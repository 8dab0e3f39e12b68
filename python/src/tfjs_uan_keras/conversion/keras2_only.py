"""What Keras 2 calls or computes differently from TensorFlow.js."""

from __future__ import annotations

from typing import Any

from ..keras2 import PACKAGE, keras


@keras.utils.register_keras_serializable(PACKAGE)
def gelu_new(x: Any) -> Any:
    """gelu by tanh."""
    return keras.activations.gelu(x, approximate=True)


def activation(name: str) -> Any:
    """An activation of TensorFlow.js."""
    return gelu_new if name == "gelu_new" else name


def adapted(class_name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Class and arguments of a layer."""
    return class_name, config
