"""Random numbers as TensorFlow.js draws them with a seed: Johannes Baagøe's Alea, as the npm package seedrandom has it."""

from __future__ import annotations

import numpy as np

TWO_TO_32 = 2.0**32
TWO_TO_MINUS_32 = 2.0**-32


class _Mash:
    """Makes numbers in [0, 1) of text, one after the other."""

    def __init__(self) -> None:
        self.n: float = 0xEFC8249D

    def __call__(self, text: str) -> float:
        for character in text:
            self.n += ord(character)
            h = 0.02519603282416938 * self.n
            self.n = float(int(h) & 0xFFFFFFFF)
            h = (h - self.n) * self.n
            self.n = float(int(h) & 0xFFFFFFFF)
            self.n += (h - self.n) * TWO_TO_32
        return (int(self.n) & 0xFFFFFFFF) * TWO_TO_MINUS_32


class Alea:
    """A generator of numbers in [0, 1).

    Args:
        seed: a whole number
    """

    def __init__(self, seed: int) -> None:
        mash = _Mash()
        self._carry = 1.0
        start = [mash(" ") for _ in range(3)]
        self._state = [(value - mash(str(seed))) % 1.0 for value in start]

    def __call__(self) -> float:
        first, second, third = self._state
        t = 2091639 * first + self._carry * TWO_TO_MINUS_32
        self._carry = float(int(t))
        self._state = [second, third, t - self._carry]
        return self._state[2]


def uniform(shape: tuple[int, ...], low: float, high: float, seed: int | None) -> np.ndarray:
    """Numbers in [low, high), float32: with a seed those of tf.randomUniform(shape, low, high, "float32", seed)."""
    if seed is None:
        return np.random.default_rng().uniform(low, high, shape).astype("float32")
    draw = Alea(seed)
    values = [low + (high - low) * draw() for _ in range(int(np.prod(shape)))]
    return np.asarray(values, "float32").reshape(shape)
