"""The layer UnsupervisedAdaptiveNormalization, without the Keras that it is of."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import argument_error, check_choice, check_count
from ..formulas.authors import by_authors
from ..formulas.mixture import by_mixture
from ..formulas.moments import Prior, by_batch_moments, standardize
from ..formulas.parameters import effective, em_step, random_start, standard_start
from ..formulas.view import Tensor, View, with_value
from .channel import ChannelNormalization
from .data_start import gather
from .moving import PRIOR_MASS, HasMovingRule, MovingMoments, moving_rule

MIXTURE = ("mean", "variance", "prior")
# What the authors' layers called the number of components, one after the other.
OLD_NAMES = ("n_components", "num_clusters", "num_contexts")


class UnsupervisedAdaptiveNormalization(HasMovingRule, ChannelNormalization):
    """Normalizes activations with a Gaussian mixture for each channel, whose parameters are weights, learned while the network trains.

    Faye, Azzag, Lebbah, Feng, "UAN: Unsupervised Adaptive Normalization", IJCNN 2024; docs/math.md, section 2. By default the
    batch's mean and variance are taken out first, shrunk toward moving ones. With ``standardize=False``, the paper's formula, it does
    not depend on the batch.

    Weights, in this order: mean [K, C]; variance [K, C], whose effective value is its softplus; prior [K, 1], whose effective value is
    its softmax; then moving mean and moving variance, [C] with standardize, [K, C] with moments "batch"; with a prior mass ``seen``
    [1], how many activations of a channel training has shown; gamma and beta [C] where asked for. Trained ones come first in
    ``weights``. Input and output: any rank from 2 on, of the same shape.

    Args:
        num_components: components K of every channel's mixture. Default 3
        momentum: how much of a moving value is kept at each update: of update "momentum" and "both", and of moving moments without a
            memory. Default 0.9
        update: how training moves the mixture. "gradient" (default): as weights; "momentum": by stepwise EM; "both"
        initializer: "data" (default): from the first 256 activations of a channel; "random": the paper's
        standardize: default True, but False with moments "batch" or another formula than "uan"
        moments: what is subtracted and divided by: "learned" (default), or "batch", moments of the batch, weighted with
            responsibilities
        component_weights: with moments "batch", 1 ("equal", default) or 1/√prior ("prior")
        output_scale: "components": outputs are multiplied by 1/√K. Default "none"
        prior_mass: with standardize or moments "batch", activations' worth of trust in the moving moments. Default 2
        memory: samples that the moving moments remember; None: by momentum. Default "auto": 96 where there is a prior mass and no
            momentum is given, else None
        formula: "uan" (default), "ucb" or "authors": docs/math.md, sections 2.6 and 2.8
        seed: of the initializer "random": the numbers that TensorFlow.js draws. Default: others each time
        center, scale: default False
        moving_mean_initializer, moving_variance_initializer: as those of Keras's BatchNormalization
        axis, epsilon, and others of gamma and beta: see :class:`ChannelNormalization`

    Raises:
        ValueError: names the argument that is wrong, or that another one excludes
    """

    _has_moving = True

    def __init__(
        self,
        num_components: int = 3,
        momentum: float | None = None,
        update: str = "gradient",
        initializer: str = "data",
        standardize: bool | None = None,
        moments: str = "learned",
        component_weights: str = "equal",
        output_scale: str = "none",
        prior_mass: float | None = None,
        memory: float | None | str = "auto",
        formula: str = "uan",
        seed: int | None = None,
        center: bool = False,
        scale: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(center=center, scale=scale, **kwargs)
        owner = self._owner
        check_count(owner, "num_components", num_components)
        check_choice(owner, "update", update, ("gradient", "momentum", "both"))
        check_choice(owner, "initializer", initializer, ("data", "random"))
        check_choice(owner, "moments", moments, ("learned", "batch"))
        check_choice(owner, "component_weights", component_weights, ("equal", "prior"))
        check_choice(owner, "output_scale", output_scale, ("none", "components"))
        check_choice(owner, "formula", formula, ("uan", "ucb", "authors"))
        self.num_components = num_components
        self.update = update
        self.initializer = initializer
        self.standardize = (moments == "learned" and formula == "uan") if standardize is None else bool(standardize)
        self.moments = moments
        self.component_weights = component_weights
        self.output_scale = output_scale
        self.formula = formula
        self.seed = seed
        has_moving = self.standardize or moments == "batch"
        self._rule = moving_rule(owner, momentum, prior_mass, memory, (0.9, PRIOR_MASS if has_moving else 0.0))
        self._check_together(has_moving)
        self._has_moving_moments = has_moving
        self._gathering: Any = None

    def _check_together(self, has_moving: bool) -> None:
        """Checks options that exclude each other."""
        owner, because = self._owner, f"where moments is {self.moments!r}"
        if self.moments == "batch":
            if self.standardize:
                raise argument_error(owner, "standardize", f"be False {because}", True)
            if self.formula != "uan":
                raise argument_error(owner, "formula", f"be 'uan' {because}", self.formula)
        elif self.component_weights != "equal":
            raise argument_error(owner, "component_weights", f"be 'equal' {because}", self.component_weights)
        if self.formula == "authors":
            because = "where formula is 'authors'"
            if self.standardize:
                raise argument_error(owner, "standardize", f"be False {because}", True)
            if self.update != "gradient":
                raise argument_error(owner, "update", f"be 'gradient' {because}", self.update)
        if not has_moving:
            because = "without standardize or moments 'batch'"
            if self._rule.prior_mass != 0:
                raise argument_error(owner, "prior_mass", f"be 0 {because}", self._rule.prior_mass)
            if self._rule.memory is not None:
                raise argument_error(owner, "memory", f"be None {because}", self._rule.memory)

    def _build_for(self, channels: int) -> None:
        components = self.num_components
        is_random = self.initializer == "random"
        start = random_start(components, channels, self.seed) if is_random else standard_start(components, channels)
        # In standardized space the start is what the data would say.
        gathers = self.initializer == "data" and not self.standardize
        for name in MIXTURE:
            value = start[name]
            kwargs = {"trainable": self.update != "momentum", "written": gathers or self.update != "gradient"}
            setattr(self, name, self._weight(name, value.shape, self._framework.constant(value), **kwargs))
        shape = (channels,) if self.standardize else (components, channels)
        self._moving = MovingMoments(self, shape, self._rule) if self._has_moving_moments else None
        if gathers:
            self._gathering = self._framework.gathering(channels)

    def _normalize(self, x: Tensor, view: View, training: bool, counted: Tensor | None) -> Tensor:
        ops, moving = self._framework.ops, self._moving
        raw = {name: self._read(getattr(self, name)) for name in MIXTURE}
        if not training:
            return self._infer(x, view, raw)
        if moving is None:
            return self._by_mixture(x, view, self._learn(x, view, raw, counted))
        if not self.standardize:
            return self._by_batch_moments(x, view, self._learn(x, view, raw, counted), counted)
        standardized = standardize(ops, x, view, self.epsilon, moving.prior(), counted)
        moving.follow(x, standardized.own)
        return self._by_mixture(standardized.z, view, self._learn(standardized.z, view, raw, counted))

    def _learn(self, z: Tensor, view: View, raw: dict[str, Tensor], counted: Tensor | None) -> dict[str, Tensor]:
        """What moves the mixture beside gradients: raw weights to compute with, with the gradients of the weights."""
        gathers = self._gathering is not None and not self._framework.has_ended(self._gathering)
        if not gathers and self.update == "gradient":
            return raw
        if self.update != "momentum":
            self._framework.check_kept(self.name, z)
        ops, after = self._framework.ops, raw
        if gathers:
            after, (known, means, variances) = gather(self, self._gathering, raw, z, view, counted)
            if self._moving is not None:
                for weight, value in ((self._moving.mean, means), (self._moving.variance, variances)):
                    self._write(weight, ops.where(known, value, self._read(weight)))
        if self.update != "gradient":
            after = em_step(ops, after, ops.stop_gradient(z), view, self.epsilon, self.momentum, counted)
        for name in MIXTURE:
            self._write(getattr(self, name), after[name])
        return {name: with_value(ops, raw[name], after[name]) for name in MIXTURE}

    def _by_mixture(self, z: Tensor, view: View, raw: dict[str, Tensor]) -> Tensor:
        ops = self._framework.ops
        if self.formula == "authors":
            variance = ops.softplus(raw["variance"])
            return self._scaled(by_authors(ops, z, raw["mean"], variance, raw["prior"], view, self.epsilon))
        return self._scaled(by_mixture(ops, z, effective(ops, raw), view, self.epsilon, self.formula))

    def _by_batch_moments(self, x: Tensor, view: View, raw: dict[str, Tensor], counted: Tensor | None) -> Tensor:
        ops, moving = self._framework.ops, self._moving
        y, own = self._normalized_by_batch(x, view, raw, moving.prior(), counted)
        count = view.count(ops, x) if counted is None else ops.sum(counted, axis=view.axes)
        moving.follow_components(x, own, ops.stop_gradient(count))
        return self._scaled(y)

    def _normalized_by_batch(self, x: Tensor, view: View, raw, prior: Prior | None, counted=None, inference: bool = False):
        ops = self._framework.ops
        mixture = effective(ops, raw)
        return by_batch_moments(ops, x, mixture, view, self.epsilon, self.component_weights, prior, counted, inference)

    def _infer(self, x: Tensor, view: View, raw: dict[str, Tensor]) -> Tensor:
        ops = self._framework.ops
        if self._moving is None:
            return self._by_mixture(x, view, raw)
        mean, variance = self._moving.values()
        if not self.standardize:
            prior = Prior(None, mean, variance)
            return self._scaled(self._normalized_by_batch(x, view, raw, prior, inference=True)[0])
        mean, variance = view.per_channel(ops, mean), view.per_channel(ops, variance)
        return self._by_mixture((x - mean) * ops.rsqrt(variance + self.epsilon), view, raw)

    def _scaled(self, y: Tensor) -> Tensor:
        return self._with_affine(y, 1 / math.sqrt(self.num_components) if self.output_scale == "components" else 1.0)

    # -- Weights from outside end the start from data.

    def set_weights(self, weights: Any) -> None:
        super().set_weights(weights)
        self.end_data_start()

    def load_own_variables(self, store: Any) -> None:
        super().load_own_variables(store)
        self.end_data_start()

    def end_data_start(self) -> None:
        """Leaves the mixture as it is: training gathers no activations for it any more. Call it after weights were assigned."""
        if self._gathering is not None:
            self._gathering.end()
            self._framework.mark_ended(self._gathering)

    def get_config(self) -> dict[str, Any]:
        seed = {} if self.seed is None else {"seed": self.seed}
        names = ("num_components", "update", "initializer", "standardize", "moments", "component_weights", "output_scale")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, **self._rule.config(), "formula": self.formula, **seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer of a configuration, this package's or TensorFlow.js's. One without a formula is of the authors' own layer."""
        config = dict(config)
        if "formula" in config:
            return cls(**{"prior_mass": 0, "memory": None, **config})
        old = [config.pop(name) for name in OLD_NAMES if name in config]
        return cls(**{"num_components": old[0] if old else 3, **config, "formula": "authors", "initializer": "random"})
