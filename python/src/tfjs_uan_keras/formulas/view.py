"""How activations, channels and components broadcast, and sums over the activations of a channel."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

Tensor = Any
Ops = Any


@dataclass(frozen=True)
class View:
    """Activations x with a channel axis anywhere.

    Args:
        rank: of x, from 2 on
        axis: the channel axis, counted from 0
        channels: C
    """

    rank: int
    axis: int
    channels: int

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of x that a channel's activations lie along."""
        return tuple(i for i in range(self.rank) if i != self.axis)

    @property
    def component_axes(self) -> tuple[int, ...]:
        """The same, of a tensor [K, …] that has x's axes after one for the components."""
        return tuple(i + 1 for i in self.axes)

    def per_channel(self, ops: Ops, values: Tensor) -> Tensor:
        """[C] as it broadcasts against x."""
        return ops.reshape(values, tuple(self.channels if i == self.axis else 1 for i in range(self.rank)))

    def per_component(self, ops: Ops, values: Tensor) -> Tensor:
        """[K, C] or [K] as it broadcasts against [K, *x]."""
        channels = 1 if len(values.shape) == 1 else self.channels
        shape = tuple(channels if i == self.axis else 1 for i in range(self.rank))
        return ops.reshape(values, (values.shape[0],) + shape)

    def matrix(self, ops: Ops, values: Tensor) -> Tensor:
        """[K, 1, …, C, …, 1] as [K, C]."""
        return ops.reshape(values, (values.shape[0], self.channels))

    def row(self, ops: Ops, values: Tensor) -> Tensor:
        """[1, …, C, …, 1] as [C]."""
        return ops.reshape(values, (self.channels,))

    def count(self, ops: Ops, x: Tensor) -> Tensor:
        """How many activations each channel has, a scalar of x's dtype."""
        total: Any = 1
        for i in self.axes:
            size = ops.shape(x)[i]
            total = total * size
        return ops.cast(total, x.dtype)


def largest(ops: Ops, values: list[Tensor]) -> Tensor:
    """The largest of tensors, place by place. keras.ops.max refuses empty ones."""
    return functools.reduce(ops.maximum, values)


def straight_through(ops: Ops, x: Tensor, limited: Tensor) -> Tensor:
    """``limited`` with the gradient of x: a bound passes gradients on."""
    return ops.where(ops.equal(x, limited), x, ops.stop_gradient(limited) + (x - ops.stop_gradient(x)))


def at_least(ops: Ops, x: Tensor, bound: float) -> Tensor:
    """x, not below a bound, with the gradient of x."""
    return straight_through(ops, x, ops.maximum(x, ops.cast(bound, x.dtype)))


def with_value(ops: Ops, x: Tensor, value: Tensor) -> Tensor:
    """``value``, with the gradient of x."""
    return ops.stop_gradient(value) + (x - ops.stop_gradient(x))
