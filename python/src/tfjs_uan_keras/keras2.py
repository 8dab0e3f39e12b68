"""The layers for Keras 2: tf_keras, or TensorFlow's own Keras before 2.16. TensorFlow.js's converter and tf.distribute want it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from . import tf_ops
from .layers import (
    batch_normalization_with_prior,
    data_start,
    mixture_normalization,
    rms_normalization,
    unsupervised_adaptive_normalization,
)

try:
    import tf_keras as keras
except ImportError:
    import keras

    if not keras.__version__.startswith("2."):
        raise ImportError(
            f"tfjs-uan-keras: keras2 needs tf_keras, or Keras 2; Keras is {keras.__version__}: pip install tf_keras"
        ) from None

# Without an underscore: TensorFlow.js would read a capital for it.
PACKAGE = "tfuan"


class _Keras2:
    keras = keras
    ops = tf_ops

    def add_weight(self, layer: Any, name: str, shape: tuple[int, ...], initializer: Any, **kwargs: Any) -> Any:
        is_moving, is_written = kwargs.pop("moving", False), kwargs.pop("written", False)
        if is_moving:
            # As Keras's batch normalization has it: each replica its own, averaged where they are read together.
            kwargs["synchronization"] = tf.VariableSynchronization.ON_READ
        if is_moving or is_written:
            kwargs["aggregation"] = tf.VariableAggregation.MEAN
        return layer.add_weight(name=name, shape=shape, initializer=initializer, experimental_autocast=False, **kwargs)

    def constant(self, value: Any) -> Any:
        return lambda shape, dtype=None, **_: tf.cast(value, dtype or tf.float32)

    def read(self, weight: Any, dtype: str) -> Any:
        return tf.cast(tf.convert_to_tensor(weight), dtype)

    def dtype_name(self, dtype: Any) -> str:
        return tf.as_dtype(dtype).name

    def is_training(self, owner: str, training: Any) -> bool:
        if training is None:
            training = keras.backend.learning_phase()
        if not tf.is_tensor(training):
            return bool(training)
        known = tf.get_static_value(training)
        if known is None and training.op.type != "PlaceholderWithDefault":
            raise ValueError(f"tfjs-uan-keras: {owner}: training must be True or False; got a tensor whose value is not known")
        # Keras's own placeholder, where a model is put together and nothing is computed yet.
        return bool(known)

    def check_kept(self, owner: str, x: Any) -> None:
        pass

    def gathering(self, channels: int) -> Any:
        return _Gathering(channels)

    def draws(self, seed: int | None) -> Any:
        return None

    def draw(self, source: Any, shape: tuple[int, ...]) -> Any:
        return tf.random.uniform(shape)

    def mark_ended(self, gathering: Any) -> None:
        gathering.is_over = True

    def has_ended(self, gathering: Any) -> bool:
        return getattr(gathering, "is_over", False)


_framework = _Keras2()


@keras.utils.register_keras_serializable(PACKAGE)
class _Gathering(data_start.Gathering, keras.layers.Layer):
    _framework = _framework


@keras.utils.register_keras_serializable(PACKAGE)
class UnsupervisedAdaptiveNormalization(unsupervised_adaptive_normalization.UnsupervisedAdaptiveNormalization, keras.layers.Layer):
    __doc__ = unsupervised_adaptive_normalization.UnsupervisedAdaptiveNormalization.__doc__
    _framework = _framework


@keras.utils.register_keras_serializable(PACKAGE)
class MixtureNormalization(mixture_normalization.MixtureNormalization, keras.layers.Layer):
    __doc__ = mixture_normalization.MixtureNormalization.__doc__
    _framework = _framework


@keras.utils.register_keras_serializable(PACKAGE)
class BatchNormalizationWithPrior(batch_normalization_with_prior.BatchNormalizationWithPrior, keras.layers.Layer):
    __doc__ = batch_normalization_with_prior.BatchNormalizationWithPrior.__doc__
    _framework = _framework


@keras.utils.register_keras_serializable(PACKAGE)
class RMSNormalization(rms_normalization.RMSNormalization, keras.layers.Layer):
    __doc__ = rms_normalization.RMSNormalization.__doc__
    _framework = _framework


# By the names that TensorFlow.js saves. Keras 2 has no RMSNormalization.
LAYERS = {
    cls.__name__: cls
    for cls in (
        UnsupervisedAdaptiveNormalization,
        MixtureNormalization,
        BatchNormalizationWithPrior,
        RMSNormalization,
    )
}
