"""The layers for Keras 3, on TensorFlow, JAX and PyTorch."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .layers import batch_normalization_with_prior, data_start, mixture_normalization, unsupervised_adaptive_normalization

# Without an underscore: TensorFlow.js would read a capital for it.
PACKAGE = "tfuan"


class _Keras3:
    keras = keras
    ops = ops

    def add_weight(self, layer: Any, name: str, shape: tuple[int, ...], initializer: Any, **kwargs: Any) -> Any:
        is_shared = kwargs.pop("written", False) | kwargs.pop("moving", False)
        # Mixed precision keeps them in float32.
        kwargs = {"autocast": False, "aggregation": "mean" if is_shared else "none", **kwargs}
        return layer.add_weight(name=name, shape=shape, initializer=initializer, **kwargs)

    def constant(self, value: Any) -> Any:
        return lambda shape, dtype=None: ops.convert_to_tensor(value, dtype=dtype)

    def read(self, weight: Any, dtype: str) -> Any:
        return ops.cast(ops.convert_to_tensor(weight), dtype)

    def dtype_name(self, dtype: Any) -> str:
        return str(dtype)

    def is_training(self, owner: str, training: Any) -> bool:
        return bool(training)

    def check_kept(self, owner: str, x: Any) -> None:
        if keras.backend.backend() != "jax":
            return
        import jax

        if isinstance(x, jax.core.Tracer):
            raise ValueError(
                f"tfjs-uan-keras: {owner}: on JAX, Keras's fit drops what a forward pass writes to weights that are trained: "
                "initializer 'data' (without standardize) and update 'both'; use initializer 'random', or end_data_start()"
            )

    def gathering(self, channels: int) -> Any:
        return _Gathering(channels)

    def draws(self, seed: int | None) -> Any:
        return keras.random.SeedGenerator() if seed is None else None

    def draw(self, source: Any, shape: tuple[int, ...]) -> Any:
        return keras.random.uniform(shape, seed=source)

    def mark_ended(self, gathering: Any) -> None:
        gathering.is_over = True

    def has_ended(self, gathering: Any) -> bool:
        return getattr(gathering, "is_over", False)


_framework = _Keras3()


@keras.saving.register_keras_serializable(PACKAGE)
class _Gathering(data_start.Gathering, keras.layers.Layer):
    _framework = _framework


@keras.saving.register_keras_serializable(PACKAGE)
class UnsupervisedAdaptiveNormalization(unsupervised_adaptive_normalization.UnsupervisedAdaptiveNormalization, keras.layers.Layer):
    __doc__ = unsupervised_adaptive_normalization.UnsupervisedAdaptiveNormalization.__doc__
    _framework = _framework


@keras.saving.register_keras_serializable(PACKAGE)
class MixtureNormalization(mixture_normalization.MixtureNormalization, keras.layers.Layer):
    __doc__ = mixture_normalization.MixtureNormalization.__doc__
    _framework = _framework


@keras.saving.register_keras_serializable(PACKAGE)
class BatchNormalizationWithPrior(batch_normalization_with_prior.BatchNormalizationWithPrior, keras.layers.Layer):
    __doc__ = batch_normalization_with_prior.BatchNormalizationWithPrior.__doc__
    _framework = _framework


# By the names that TensorFlow.js saves.
LAYERS = {cls.__name__: cls for cls in (UnsupervisedAdaptiveNormalization, MixtureNormalization, BatchNormalizationWithPrior)}
