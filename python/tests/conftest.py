"""What tests share: the Keras under test, and the data that TensorFlow.js wrote (npx tsx tests/python/write.ts)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Sums in another order from run to run would be other numbers.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

DATA = Path(__file__).parent / "data"
REPOSITORY = Path(__file__).parents[2]
MODELS = sorted(path.name for path in DATA.iterdir() if path.is_dir())


def array(numbers: dict[str, Any]) -> np.ndarray:
    """Numbers of the data, of their shape."""
    return np.asarray(numbers["values"], "float32").reshape(numbers["shape"])


def largest_difference(got: Any, wanted: np.ndarray) -> float:
    """The largest difference, of the largest entry (of 1, where all are smaller)."""
    got = np.asarray(got)
    assert got.shape == wanted.shape
    return float(np.max(np.abs(got - wanted), initial=0) / max(1.0, float(np.max(np.abs(wanted), initial=0))))


def predictions(name: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Inputs of a model of the data, and what it predicted in TensorFlow.js."""
    data = json.loads((DATA / name / "predictions.json").read_text())
    return [array(one) for one in data["inputs"]], [array(one) for one in data["outputs"]]


def predict(model: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """All outputs of a model."""
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return outputs if isinstance(outputs, list) else [outputs]


class Keras:
    """A Keras under test: its module, this package's layers for it, and training by hand."""

    def __init__(self, number: int) -> None:
        if number == 3:
            from tfjs_uan_keras import keras3 as layers

            self.backend = layers.keras.backend.backend()
        else:
            layers = pytest.importorskip("tfjs_uan_keras.keras2")
            self.backend = "tensorflow"
        self.number = number
        self.layers = layers
        self.keras = layers.keras

    def gradients(self, layer: Any, x: np.ndarray, dy: np.ndarray, mask: np.ndarray | None = None):
        """y of training, and the gradients of Σ y·dy with respect to x and to the layer's trained weights."""
        kwargs = {} if mask is None else {"mask": mask}
        run = {"tensorflow": _by_tensorflow, "torch": _by_torch, "jax": _by_jax}[self.backend]
        return run(layer, x, dy, kwargs)

    def value(self, weight: Any) -> np.ndarray:
        """A weight's values."""
        return self.keras.ops.convert_to_numpy(weight) if self.number == 3 else weight.numpy()

    def weights(self, layer: Any) -> list[np.ndarray]:
        """Values of all weights."""
        return [self.value(weight) for weight in layer.weights]


def _by_tensorflow(layer, x, dy, kwargs):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True, **kwargs)
        loss = tf.reduce_sum(y * dy)
    # Keras 3's weights hold a variable of TensorFlow's.
    variables = [weight if isinstance(weight, tf.Variable) else weight.value for weight in layer.trainable_weights]
    gradients = tape.gradient(loss, [x, *variables], unconnected_gradients="zero")
    return y.numpy(), [gradient.numpy() for gradient in gradients]


def _by_torch(layer, x, dy, kwargs):
    import torch

    x = torch.tensor(x, requires_grad=True)
    kwargs = {name: torch.tensor(value) for name, value in kwargs.items()}
    y = layer(x, training=True, **kwargs)
    values = [x, *(weight.value for weight in layer.trainable_weights)]
    gradients = torch.autograd.grad((y * torch.tensor(dy)).sum(), values, allow_unused=True)
    zeros = [torch.zeros_like(value) for value in values]
    return y.detach().numpy(), [(g if g is not None else z).numpy() for g, z in zip(gradients, zeros, strict=True)]


def _by_jax(layer, x, dy, kwargs):
    import jax

    def run(x, trained, others):
        y, others = layer.stateless_call(trained, others, x, training=True, **kwargs)
        return (y * dy).sum(), (y, others)

    trained = [weight.value for weight in layer.trainable_variables]
    others = [weight.value for weight in layer.non_trainable_variables]
    (dx, dtrained), (y, others) = jax.grad(run, argnums=(0, 1), has_aux=True)(jax.numpy.asarray(x), trained, others)
    for weight, value in zip(layer.non_trainable_variables, others, strict=True):
        weight.assign(value)
    return np.asarray(y), [np.asarray(gradient) for gradient in (dx, *dtrained)]


@pytest.fixture(params=[3, 2], ids=["keras3", "keras2"], scope="session")
def keras(request: pytest.FixtureRequest) -> Keras:
    """Keras 3, on the backend that KERAS_BACKEND names; then tf_keras, if it is there."""
    if request.param == 2 and os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        pytest.skip("Keras 2 is TensorFlow's")
    return Keras(request.param)
