"""What the formulas use of keras.ops, for TensorFlow alone: Keras 2 has no such module."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

argmax = tf.argmax
cast = tf.cast
cumsum = tf.cumsum
equal = tf.equal
exp = tf.exp
expand_dims = tf.expand_dims
log = tf.math.log
logical_and = tf.logical_and
logical_or = tf.logical_or
matmul = tf.matmul
maximum = tf.maximum
minimum = tf.minimum
ones = tf.ones
ones_like = tf.ones_like
reshape = tf.reshape
rsqrt = tf.math.rsqrt
softmax = tf.nn.softmax
softplus = tf.math.softplus
sqrt = tf.sqrt
square = tf.square
stop_gradient = tf.stop_gradient
tanh = tf.tanh
transpose = tf.transpose
where = tf.where
zeros = tf.zeros
zeros_like = tf.zeros_like
# Reductions have another name.
all = tf.reduce_all
any = tf.reduce_any
max = tf.reduce_max
mean = tf.reduce_mean
min = tf.reduce_min
sum = tf.reduce_sum


def arange(stop: Any, dtype: str) -> tf.Tensor:
    """0, 1, … before ``stop``."""
    return tf.range(stop, dtype=dtype)


def broadcast_to(x: tf.Tensor, shape: tuple) -> tf.Tensor:
    """x, repeated where its axes have the size 1."""
    return tf.broadcast_to(x, shape)


def shape(x: tf.Tensor) -> tuple:
    """Sizes: integers where they are known, else scalar tensors."""
    dynamic = tf.shape(x)
    return tuple(dynamic[i] if size is None else size for i, size in enumerate(x.shape))


def take(x: tf.Tensor, indices: tf.Tensor, axis: int) -> tf.Tensor:
    """Rows of x."""
    return tf.gather(x, indices, axis=axis)
