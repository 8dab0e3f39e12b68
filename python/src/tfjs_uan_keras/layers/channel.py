"""What layers share that normalize activations of C channels."""

from __future__ import annotations

from typing import Any

from ..arguments import argument_error, check_not_negative
from ..formulas.view import Tensor, View

INITIALIZERS = ("beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer")
DEFAULTS = {name: "ones" if "gamma" in name or "variance" in name else "zeros" for name in INITIALIZERS}
OTHERS = ("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")


class ChannelNormalization:
    """The axis, epsilon, gamma and beta, their configuration, and that the output has the input's shape. Masks are passed on.

    A class of Keras's layers comes after it: see :mod:`tfjs_uan_keras.keras3`. A frozen layer (``trainable`` is False) normalizes in
    training as it does in inference, and nothing in it changes; an empty batch changes nothing either; masked places do not count
    in what is learned of a batch.

    Args:
        axis: the channel axis. Default −1, the last
        epsilon: added to every variance. Default 1e-3
        center: whether a trained beta [C] is added. Default True
        scale: whether a trained gamma [C] is multiplied with. Default True
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as those of
            Keras's BatchNormalization
    """

    _framework: Any
    # Whether there are moving moments, and so arguments for their initializers.
    _has_moving = False

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **kwargs: Any,
    ) -> None:
        affine = {name: kwargs.pop(name, DEFAULTS.get(name)) for name in self._affine_names()}
        super().__init__(**kwargs)
        # A list of one, as TensorFlow.js and Keras 2 have it, too.
        if isinstance(axis, (list, tuple)) and len(axis) == 1:
            (axis,) = axis
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise argument_error(self._owner, "axis", "be an integer", axis)
        check_not_negative(self._owner, "epsilon", epsilon)
        self.axis = axis
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.supports_masking = True
        self._affine = {name: self._module_of(name).get(value) for name, value in affine.items()}

    @classmethod
    def _affine_names(cls) -> tuple[str, ...]:
        names = INITIALIZERS + OTHERS
        return names if cls._has_moving else tuple(name for name in names if not name.startswith("moving"))

    @property
    def _owner(self) -> str:
        return type(self).__name__

    def _module_of(self, name: str) -> Any:
        """Keras's initializers, regularizers or constraints."""
        return getattr(self._framework.keras, name.rsplit("_", 1)[1] + "s")

    # -- What a layer says of itself.

    def _build_for(self, channels: int) -> None:
        """Adds the weights that come before gamma and beta."""

    def _normalize(self, x: Tensor, view: View, training: bool, counted: Tensor | None) -> Tensor:
        """y of x, with gamma and beta.

        Args:
            training: whether it may learn: the layer is not frozen
            counted: like x, 1 where activations count and 0 where they are masked; None: all count
        """
        raise NotImplementedError

    # -- What Keras calls.

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        rank = len(shape)
        axis = self.axis + rank if self.axis < 0 else self.axis
        if not 0 < axis < rank or shape[axis] is None:
            raise argument_error(self.name, "axis", "be an axis of known size that is not the batch's", f"{self.axis} of {shape}")
        channels = int(shape[axis])
        self.input_spec = self._framework.keras.layers.InputSpec(ndim=rank, axes={axis: channels})
        self._view = View(rank, axis, channels)
        self._build_for(channels)
        self.gamma = self._affine_weight("gamma", channels) if self.scale else None
        self.beta = self._affine_weight("beta", channels) if self.center else None
        self.built = True

    def _affine_weight(self, name: str, channels: int) -> Any:
        initializer, regularizer, constraint = (self._affine[f"{name}_{kind}"] for kind in ("initializer", "regularizer", "constraint"))
        return self._weight(name, (channels,), initializer, regularizer=regularizer, constraint=constraint)

    def _weight(self, name: str, shape: tuple[int, ...], initializer: Any, **kwargs: Any) -> Any:
        """Adds a weight. kwargs: trainable, regularizer, constraint, and how tf.distribute keeps it (``written``, ``moving``)."""
        return self._framework.add_weight(self, name, shape, initializer, **kwargs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        framework, ops = self._framework, self._framework.ops
        x = ops.cast(inputs, self._work_dtype)
        training = framework.is_training(self.name, training) and self.trainable
        counted = self._counted(x, mask) if training else None
        return ops.cast(self._normalize(x, self._view, training, counted), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    @property
    def _work_dtype(self) -> str:
        """float32, but float64 where the layer's weights are: halves lose too much in sums."""
        return "float64" if self._framework.dtype_name(self.variable_dtype) == "float64" else "float32"

    def _read(self, weight: Any) -> Tensor:
        return self._framework.read(weight, self._work_dtype)

    def _write(self, weight: Any, value: Tensor) -> None:
        ops = self._framework.ops
        weight.assign(ops.cast(ops.stop_gradient(value), weight.dtype))

    def _counted(self, x: Tensor, mask: Any) -> Tensor | None:
        """Where activations count, like x. A mask has the leading axes of x; one that does not fit is none."""
        ops = self._framework.ops
        if mask is None or len(mask.shape) >= len(x.shape):
            return None
        if any(a is not None and b is not None and a != b for a, b in zip(mask.shape, x.shape, strict=False)):
            return None
        sizes = tuple(ops.shape(mask)) + (1,) * (len(x.shape) - len(mask.shape))
        return ops.ones_like(x) * ops.reshape(ops.cast(mask, x.dtype), sizes)

    def _with_affine(self, y: Tensor, factor: float = 1.0) -> Tensor:
        """γ y + β; y first times a factor."""
        ops = self._framework.ops
        if factor != 1.0:
            y = y * factor
        if self.gamma is not None:
            y = y * self._view.per_channel(ops, self._read(self.gamma))
        if self.beta is not None:
            y = y + self._view.per_channel(ops, self._read(self.beta))
        return y

    def get_config(self) -> dict[str, Any]:
        """As TensorFlow.js saves it, so that tfjs-uan loads it."""
        affine = {name: self._module_of(name).serialize(value) for name, value in self._affine.items()}
        own = {"axis": self.axis, "epsilon": self.epsilon, "center": self.center, "scale": self.scale}
        return {**super().get_config(), **own, **affine}
