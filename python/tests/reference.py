"""The formulas of docs/math.md in float64, activations [N, C], and gradients by central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def softplus(raw):
    return np.log1p(np.exp(raw))


def softmax(raw):
    e = np.exp(raw - raw.max())
    return e / e.sum()


def tau(x, mean, variance, prior, epsilon, formula="uan"):
    """Responsibilities [K, N, C] of sections 2.1 and 2.6."""
    v = variance[:, None, :] + epsilon
    z = (x[None] - mean[:, None, :]) / np.sqrt(v)
    if formula == "ucb":
        p = np.exp(-0.5 * z**2)
        return p / (p.sum(0) + epsilon)
    density = np.log(prior)[:, None, None] - 0.5 * np.log(v) - 0.5 * z**2
    e = np.exp(density - density.max(0))
    return e / e.sum(0)


def uan(x, mean, variance, prior, epsilon, formula="uan"):
    """y° of sections 2.1 and 2.6."""
    weight = np.full_like(prior, 1 + epsilon) if formula == "ucb" else prior
    v = variance[:, None, :] + epsilon
    g = (x[None] - mean[:, None, :]) / np.sqrt(weight[:, None, None] * v)
    return (tau(x, mean, variance, prior, epsilon, formula) * g).sum(0)


def standardized(x, mass, moving_mean, moving_variance, epsilon):
    """z of section 2.5."""
    a = len(x) / (len(x) + mass)
    mean = moving_mean + a * (x.mean(0) - moving_mean)
    variance = a * (x.var(0) + (x.mean(0) - mean) ** 2) + (1 - a) * (moving_variance + (moving_mean - mean) ** 2)
    return (x - mean) / np.sqrt(variance + epsilon)


def by_batch(x, mean, variance, prior, mass, moving_mean, moving_variance, epsilon, weights):
    """y° of section 2.7."""
    t = tau(x, mean, variance, prior, epsilon)
    n = t.sum(1) + mass
    center = ((t * x).sum(1) + mass * moving_mean) / n
    spread = (t * (x[None] - center[:, None]) ** 2).sum(1) + mass * (moving_variance + (moving_mean - center) ** 2)
    w = 1 / np.sqrt(prior)[:, None, None] if weights == "prior" else 1.0
    return (t * w * (x[None] - center[:, None]) / np.sqrt(spread / n + epsilon)[:, None]).sum(0)


def authors(x, mean, variance, epsilon):
    """y° of section 2.8, of matrices."""
    p = np.exp(-((x[None] - mean[:, None]) ** 2) / (2 * (variance + epsilon)[:, None]))
    t = p / (p.sum(0) + epsilon)
    share = t / (t.sum(1, keepdims=True) + epsilon)
    e = share * x
    return (t / np.sqrt(1 + epsilon) * (x - e) / np.sqrt(share * e**2 + epsilon)).sum(0)


def gradient(of: Callable[..., float], arguments: list[np.ndarray], step: float = 1e-6) -> list[np.ndarray]:
    """Central differences with respect to every number of every argument."""
    arguments = [np.asarray(argument, np.float64) for argument in arguments]
    gradients = []
    for i, argument in enumerate(arguments):
        own = np.zeros_like(argument)
        for at in np.ndindex(argument.shape):
            values = []
            for sign in (1, -1):
                moved = argument.copy()
                moved[at] += sign * step
                values.append(of(*arguments[:i], moved, *arguments[i + 1 :]))
            own[at] = (values[0] - values[1]) / (2 * step)
        gradients.append(own)
    return gradients
