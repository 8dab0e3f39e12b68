"""Keras layers of tfjs-uan, and models from TensorFlow.js to Keras and back.

``tfjs_uan_keras.UnsupervisedAdaptiveNormalization`` and the other layers are Keras 3's; ``tfjs_uan_keras.keras2`` has the same for
tf_keras. Neither is imported before it is asked for.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_KERAS_3 = ("UnsupervisedAdaptiveNormalization", "MixtureNormalization", "BatchNormalizationWithPrior")
_CONVERSION = ("load_model", "save_model", "convert")

__all__ = [*_KERAS_3, *_CONVERSION]


def __getattr__(name: str) -> Any:
    if name in _KERAS_3:
        from . import keras3

        return getattr(keras3, name)
    if name in _CONVERSION:
        from . import conversion

        return getattr(conversion, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
