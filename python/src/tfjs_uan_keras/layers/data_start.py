"""The initializer "data": docs/math.md, section 2.4."""

from __future__ import annotations

from typing import Any

from ..formulas.moments import channel_moments
from ..formulas.parameters import raw_variance, spread, standard_start
from ..formulas.view import Tensor, View

# Activations per channel that are gathered.
ENOUGH = 256.0


class Gathering:
    """State of the start, a layer inside the layer. It is neither among the weights nor saved: a layer that is loaded gathers no more.

    A class of Keras's layers comes after it.
    """

    _framework: Any

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        state = lambda name, shape: self._framework.add_weight(  # noqa: E731
            self, name, shape, "zeros", trainable=False, moving=True
        )
        self.seen = state("seen", ())
        self.ended = state("ended", ())
        self.fresh = state("fresh", ())
        self.mean = state("mean", (channels,))
        self.variance = state("variance", (channels,))
        self.count = state("count", (channels,))
        self.built = True

    def end(self) -> None:
        """Gathers no more: the weights have got values from outside."""
        self.ended.assign(self._framework.ops.ones((), "float32"))

    # None of it is a weight of the model.
    @property
    def weights(self) -> list:
        return []

    @property
    def trainable_weights(self) -> list:
        return []

    @property
    def non_trainable_weights(self) -> list:
        return []

    def save_own_variables(self, store: Any) -> None:
        pass

    def load_own_variables(self, store: Any) -> None:
        self.end()


def gather(
    layer: Any, state: Gathering, raw: dict[str, Tensor], z: Tensor, view: View, counted: Tensor | None
) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor, Tensor]]:
    """Takes in a batch.

    Returns:
        the raw weights after it, and (whether a channel was set, mean and variance [K, C] of moving moments) where there are such
    """
    ops, read, write = layer._framework.ops, layer._read, layer._write
    components, channels = raw["mean"].shape
    constant = ops.stop_gradient(z)
    batch = channel_moments(ops, constant, view, counted)
    seen, fresh = read(state.seen), read(state.fresh)
    # Weights that are not as the layer made them are left alone.
    start = standard_start(components, channels)
    untouched = [ops.all(ops.equal(raw[name], ops.cast(start[name], z.dtype))) for name in ("mean", "variance", "prior")]
    is_fresh = ops.cast(ops.logical_and(ops.logical_and(untouched[0], untouched[1]), untouched[2]), z.dtype)
    fresh = ops.where(seen > 0, fresh, is_fresh)
    active = ops.logical_and(seen < ENOUGH, ops.equal(read(state.ended), 0))
    before = read(state.count)
    count = before + batch.count
    divisor = ops.maximum(count, ops.cast(1, z.dtype))
    part_a, part_b = before / divisor, batch.count / divisor
    shift = batch.mean - read(state.mean)
    mean = read(state.mean) + shift * part_b
    variance = read(state.variance) * part_a + batch.variance * part_b + ops.square(shift) * (part_a * part_b)
    keep = lambda weight, value: write(weight, ops.where(active, value, read(weight)))  # noqa: E731
    keep(state.seen, seen + view.count(ops, z))
    keep(state.fresh, fresh)
    keep(state.mean, mean)
    keep(state.variance, variance)
    keep(state.count, count)
    known = ops.logical_and(ops.logical_and(active, fresh > 0), batch.count > 0)
    means = mean + ops.sqrt(variance) * ops.cast(spread(components, channels), z.dtype)
    variances = ops.zeros_like(means) + variance
    after = {
        "mean": ops.where(known, means, raw["mean"]),
        "variance": ops.where(known, raw_variance(ops, variances), raw["variance"]),
        "prior": ops.where(ops.any(known), ops.zeros_like(raw["prior"]), raw["prior"]),
    }
    return {name: ops.stop_gradient(value) for name, value in after.items()}, (known, means, variances)
