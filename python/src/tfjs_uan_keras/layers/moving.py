"""Moving mean and variance of a layer: docs/math.md, section 2.4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..arguments import check_momentum, check_not_negative
from ..formulas.mixture import ComponentMoments
from ..formulas.moments import ChannelMoments, Prior, component_rate, move_moments
from ..formulas.view import Tensor

# The prior mass of layers that use one by default, in activations of a channel, and the memory that goes with one, in samples.
PRIOR_MASS = 2.0
MEMORY = 96.0


@dataclass(frozen=True)
class MovingRule:
    """How moving moments follow those of batches, and how far these are trusted."""

    momentum: float
    prior_mass: float
    memory: float | None

    def config(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "prior_mass": self.prior_mass, "memory": self.memory}


def moving_rule(
    owner: str, momentum: float | None, prior_mass: float | None, memory: float | None | str, defaults: tuple[float, float]
) -> MovingRule:
    """Arguments with their defaults.

    Args:
        memory: "auto": 96 where there is a prior mass and no momentum is given, else None
        defaults: of momentum and prior mass
    """
    mass = defaults[1] if prior_mass is None else prior_mass
    check_not_negative(owner, "prior_mass", mass)
    if memory == "auto":
        memory = MEMORY if mass > 0 and momentum is None else None
    if memory is not None:
        check_not_negative(owner, "memory", memory, ", None, or 'auto'")
    momentum = defaults[0] if momentum is None else momentum
    check_momentum(owner, momentum)
    return MovingRule(momentum, mass, memory)


class HasMovingRule:
    """A layer's options that its moving rule was made of, as they are in effect."""

    _rule: MovingRule

    @property
    def momentum(self) -> float:
        return self._rule.momentum

    @property
    def prior_mass(self) -> float:
        return self._rule.prior_mass

    @property
    def memory(self) -> float | None:
        return self._rule.memory


class MovingMoments:
    """Moving mean and variance, [C], or [K, C] for each component; and how many activations of a channel they are of, [1]."""

    def __init__(self, layer: Any, shape: tuple[int, ...], rule: MovingRule) -> None:
        weight = lambda name, of, initializer: layer._weight(name, of, initializer, trainable=False, moving=True)  # noqa: E731
        self._layer = layer
        self._rule = rule
        self.mean = weight("moving_mean", shape, layer._affine["moving_mean_initializer"])
        self.variance = weight("moving_variance", shape, layer._affine["moving_variance_initializer"])
        self.seen = weight("seen", (1,), "zeros") if rule.prior_mass > 0 else None

    def values(self) -> tuple[Tensor, Tensor]:
        return self._layer._read(self.mean), self._layer._read(self.variance)

    def prior(self) -> Prior | None:
        """What a batch's moments are shrunk toward; None without a prior mass."""
        if self.seen is None:
            return None
        ops = self._layer._framework.ops
        seen = self._layer._read(self.seen)
        mass = ops.reshape(ops.minimum(seen, ops.cast(self._rule.prior_mass, seen.dtype)), ())
        mean, variance = self.values()
        return Prior(ops.stop_gradient(mass), ops.stop_gradient(mean), ops.stop_gradient(variance))

    def follow(self, x: Tensor, own: ChannelMoments) -> None:
        """Follows the moments of a batch x, in channels that have activations."""
        ops, rule = self._layer._framework.ops, self._rule
        if rule.memory is None:
            rate = 1 - rule.momentum
        else:
            samples = ops.cast(ops.shape(x)[0], x.dtype)
            rate = samples / ops.maximum(samples + rule.memory, ops.cast(1e-30, x.dtype))
        self._move((own.mean, own.variance), ops.cast(own.count > 0, x.dtype) * rate)
        self._see(own.count)

    def follow_components(self, x: Tensor, own: ComponentMoments, count: Tensor) -> None:
        """Follows the moments [K, C] of a batch x, each component as far as its mass goes.

        Args:
            count: activations of a channel, [C] or a scalar
        """
        ops, rule = self._layer._framework.ops, self._rule
        samples = ops.maximum(ops.cast(ops.shape(x)[0], x.dtype), ops.cast(1, x.dtype))
        rate = component_rate(ops, own.mass, count, samples, rule.momentum, rule.memory)
        self._move((own.mean, own.variance), rate)
        self._see(count)

    def _move(self, own: tuple[Tensor, Tensor], rate: Tensor) -> None:
        """Moments are pooled where a prior mass or a memory asks for it, else averaged each for itself."""
        rule, layer = self._rule, self._layer
        pooled = rule.prior_mass > 0 or rule.memory is not None
        mean, variance = move_moments(layer._framework.ops, self.values(), own, rate, pooled)
        layer._write(self.mean, mean)
        layer._write(self.variance, variance)

    def _see(self, count: Tensor) -> None:
        if self.seen is not None:
            self._layer._write(self.seen, self._layer._read(self.seen) + self._layer._framework.ops.mean(count))
