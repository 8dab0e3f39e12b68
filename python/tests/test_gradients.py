"""Outputs of training and gradients against float64: outputs within 5e-5, gradients within 1e-4 of the largest of their tensor."""

from __future__ import annotations

import numpy as np
import pytest
import reference

EPSILON = 1e-3
K, C, N = 3, 4, 7

rng = np.random.default_rng(5)
X = rng.normal(1, 1.5, (N, C)).astype("float32")
DY = rng.normal(size=(N, C)).astype("float32")
MIXTURE = [rng.normal(size=(K, C)), rng.normal(size=(K, C)), rng.normal(size=(K, 1))]
AFFINE = [rng.uniform(0.5, 2, C), rng.normal(size=C)]
MEAN, VARIANCE = rng.normal(size=C), rng.uniform(0.5, 2, C)
MEANS, VARIANCES = rng.normal(size=(K, C)), rng.uniform(0.5, 2, (K, C))


def _effective(mean, variance, prior):
    return mean, reference.softplus(variance), reference.softmax(prior[:, 0])


def _uan(formula="uan"):
    return lambda x, *raw: reference.uan(x, *_effective(*raw), EPSILON, formula)


def _standardized(mass, formula="uan"):
    def y(x, *raw):
        return reference.uan(reference.standardized(x, mass, MEAN, VARIANCE, EPSILON), *_effective(*raw), EPSILON, formula)

    return y


def _by_batch(mass, weights="equal"):
    return lambda x, *raw: reference.by_batch(x, *_effective(*raw), mass, MEANS, VARIANCES, EPSILON, weights)


def _authors(x, mean, variance, prior):
    return reference.authors(x, mean, reference.softplus(variance), EPSILON)


def _batch(mass):
    return lambda x: reference.standardized(x, mass, MEAN, VARIANCE, EPSILON)


UAN, BN = "UnsupervisedAdaptiveNormalization", "BatchNormalizationWithPrior"
SEEN, FEW = [np.full(1, 100.0)], [np.full(1, 1.5)]
# Class, arguments, what is trained, what is not, y°.
CASES = {
    "uan": (UAN, {"standardize": False}, MIXTURE, [], _uan()),
    "uan, ucb": (UAN, {"formula": "ucb"}, MIXTURE, [], _uan("ucb")),
    "uan, authors": (UAN, {"formula": "authors"}, MIXTURE, [], _authors),
    "standardized": (UAN, {"prior_mass": 0}, MIXTURE, [MEAN, VARIANCE], _standardized(0)),
    "standardized with a prior mass": (UAN, {"prior_mass": 3}, MIXTURE, [MEAN, VARIANCE, *SEEN], _standardized(3)),
    "standardized, few were seen": (UAN, {"prior_mass": 3}, MIXTURE, [MEAN, VARIANCE, *FEW], _standardized(1.5)),
    "standardized, ucb": (
        UAN,
        {"formula": "ucb", "standardize": True},
        MIXTURE,
        [MEAN, VARIANCE, *SEEN],
        _standardized(2, "ucb"),
    ),
    "by the batch": (UAN, {"moments": "batch"}, MIXTURE, [MEANS, VARIANCES, *SEEN], _by_batch(2)),
    "by the batch, no prior mass": (UAN, {"moments": "batch", "prior_mass": 0}, MIXTURE, [MEANS, VARIANCES], _by_batch(0)),
    "by the batch, weighted": (
        UAN,
        {"moments": "batch", "component_weights": "prior"},
        MIXTURE,
        [MEANS, VARIANCES, *SEEN],
        _by_batch(2, "prior"),
    ),
    "batch normalization": (BN, {"prior_mass": 4}, [], [MEAN, VARIANCE, *SEEN], _batch(4)),
    "mixture normalization of one component": (
        "MixtureNormalization",
        {"num_components": 1},
        [],
        [np.ones(1), np.zeros((1, C)), np.ones((1, C))],
        _batch(0),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_outputs_within_5e_5_and_gradients_within_1e_4_of_the_largest(keras, case):
    name, arguments, trained, others, y_of = case
    layer = keras.layers.LAYERS[name](**{"center": True, "scale": True, **arguments})
    layer.build((None, C))
    layer.set_weights([np.asarray(weight, "float32") for weight in (*trained, *AFFINE, *others)])
    y, gradients = keras.gradients(layer, X, DY)

    def loss(x, *weights):
        *raw, gamma, beta = weights
        return float(np.sum((gamma * y_of(x, *raw) + beta) * DY))

    exact = AFFINE[0] * y_of(X.astype("float64"), *trained) + AFFINE[1]
    assert np.max(np.abs(y - exact) / (1 + np.abs(exact))) < 5e-5
    wanted = reference.gradient(loss, [X, *trained, *AFFINE])
    assert len(gradients) == len(wanted)
    for got, want in zip(gradients, wanted, strict=True):
        assert np.max(np.abs(got - want)) <= 1e-4 * max(np.max(np.abs(want)), 1e-3)


@pytest.mark.parametrize("formula", ["uan", "ucb"])
@pytest.mark.parametrize("far", [1e4, -1e8, 1e20, -1e35])
def test_an_activation_out_of_range_follows_the_formula_within_1e_4(keras, formula, far):
    layer = keras.layers.LAYERS[UAN](standardize=False, formula=formula)
    layer.build((None, C))
    # Equal variances, and one mean the nearest.
    mean, variance, prior = np.asarray(MIXTURE[0]), np.zeros((K, C)), MIXTURE[2]
    variance[0] = 1
    layer.set_weights([weight.astype("float32") for weight in (mean, variance, prior)])
    x = X.copy()
    x[2, 1] = far
    y, (dx, *others) = keras.gradients(layer, x, DY)
    shares = reference.softmax(prior[:, 0])
    slope = 0 if formula == "ucb" else 1 / np.sqrt(shares[0] * (reference.softplus(1.0) + EPSILON))
    assert abs(y[2, 1] - slope * far) <= 1e-4 * max(1.0, abs(slope * far))
    assert abs(dx[2, 1] - slope * DY[2, 1]) <= 1e-4
    assert all(np.isfinite(gradient).all() for gradient in others[:1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_activation_that_is_not_finite_is_nan_and_no_other(keras, bad):
    layer = keras.layers.LAYERS[UAN](standardize=False)
    layer.build((None, C))
    layer.set_weights([weight.astype("float32") for weight in MIXTURE])
    x = X.copy()
    x[2, 1] = bad
    y, (dx, dmean, *_) = keras.gradients(layer, x, DY)
    for values in (y, dx):
        assert np.array_equal(np.argwhere(np.isnan(values)), [[2, 1]])
    assert np.array_equal(np.unique(np.argwhere(np.isnan(dmean))[:, 1]), [1])


def test_a_row_that_is_not_finite_counts_for_nothing_in_mixture_normalization(keras):
    def run(x, dy):
        layer = keras.layers.LAYERS["MixtureNormalization"](seed=2, num_components=2)
        layer.build((None, C))
        return *keras.gradients(layer, x, dy), keras.weights(layer)

    x = np.concatenate([X, np.full((1, C), np.nan, "float32")])
    y, (dx, dgamma, dbeta), weights = run(x, np.concatenate([DY, np.ones((1, C), "float32")]))
    same_y, (same_dx, *same), same_weights = run(X, DY)
    assert np.isnan(y[-1]).all() and np.isnan(dx[-1]).all()
    for got, wanted in zip((y[:-1], dx[:-1], dgamma, dbeta, *weights), (same_y, same_dx, *same, *same_weights), strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_halves_of_a_batch_have_its_gradient_without_standardize_only(keras):
    def gradients(standardize):
        layer = keras.layers.LAYERS[UAN](standardize=standardize)
        layer.build((None, C))
        state = [weight.astype("float32") for weight in (*MIXTURE, *([MEAN, VARIANCE, *SEEN] if standardize else []))]

        def run(x, dy):
            layer.set_weights(state)
            return keras.gradients(layer, x, dy)[1]

        whole = run(X[:6], DY[:6])
        halves = [run(X[i : i + 3], DY[i : i + 3]) for i in (0, 3)]
        sums = [np.concatenate([a, b]) if i == 0 else a + b for i, (a, b) in enumerate(zip(*halves, strict=True))]
        return max(np.max(np.abs(a - b)) / np.max(np.abs(a)) for a, b in zip(whole, sums, strict=True))

    assert gradients(False) < 1e-6
    assert gradients(True) > 1e-2


def test_a_frozen_layer_infers_in_training_and_nothing_moves(keras):
    layer = keras.layers.LAYERS[UAN](trainable=False)
    layer.build((None, C))
    before = keras.weights(layer)
    np.testing.assert_array_equal(keras.value(layer(X, training=True)), keras.value(layer(X)))
    for weight, was in zip(keras.weights(layer), before, strict=True):
        np.testing.assert_array_equal(weight, was)


def test_an_empty_batch_changes_nothing(keras):
    for name in keras.layers.LAYERS:
        for arguments in ({},) if name != UAN else ({}, {"standardize": False}, {"moments": "batch"}, {"update": "momentum"}):
            layer = keras.layers.LAYERS[name](**arguments)
            layer.build((None, C))
            before = keras.weights(layer)
            y = layer(X[:0], training=True) if name != "RMSNormalization" else layer(X[:0])
            assert keras.value(y).shape == (0, C)
            for weight, was in zip(keras.weights(layer), before, strict=True):
                np.testing.assert_array_equal(weight, was)


BAD = [
    ({"num_components": 0}, "num_components must be an integer, at least 1; got 0"),
    ({"momentum": 2}, "momentum must be a number from 0 to 1; got 2"),
    ({"prior_mass": -1}, "prior_mass must be a finite number that is not negative; got -1"),
    ({"memory": "long"}, "memory must be a finite number that is not negative, None, or 'auto'; got 'long'"),
    ({"update": "often"}, "update must be 'gradient' or 'momentum' or 'both'; got 'often'"),
    ({"moments": "batch", "standardize": True}, "standardize must be False where moments is 'batch'; got True"),
    ({"moments": "batch", "formula": "ucb"}, "formula must be 'uan' where moments is 'batch'; got 'ucb'"),
    ({"component_weights": "prior"}, "component_weights must be 'equal' where moments is 'learned'; got 'prior'"),
    ({"formula": "authors", "update": "both"}, "update must be 'gradient' where formula is 'authors'; got 'both'"),
    ({"standardize": False, "prior_mass": 2}, "prior_mass must be 0 without standardize or moments 'batch'; got 2"),
    ({"standardize": False, "memory": 3}, "memory must be None without standardize or moments 'batch'; got 3"),
    ({"axis": 1.5}, "axis must be an integer; got 1.5"),
    ({"epsilon": -1}, "epsilon must be a finite number that is not negative; got -1"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[message for _, message in BAD])
def test_a_wrong_argument_is_named(keras, arguments, message):
    with pytest.raises(ValueError) as error:
        keras.layers.LAYERS[UAN](**arguments)
    assert f"UnsupervisedAdaptiveNormalization: {message}" in str(error.value)
