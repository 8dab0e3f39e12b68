"""Training as in TensorFlow.js: the same start, the same step, the same moving values, within float32."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import DATA, array, largest_difference

STEPS = json.loads((DATA / "steps.json").read_text())
BOUND = 2e-5


def _layer(keras, case):
    layer = keras.layers.LAYERS[case["className"]].from_config(case["config"])
    layer.build((None, *case["steps"][0]["x"]["shape"][1:]))
    return layer


@pytest.mark.parametrize("case", STEPS, ids=[case["name"] for case in STEPS])
def test_every_step_is_that_of_tensorflowjs_within_2e_5_of_the_largest(keras, case):
    layer = _layer(keras, case)
    start = [array(one) for one in case["start"]]
    is_new = all(np.allclose(a, b, atol=1e-6) for a, b in zip(keras.weights(layer), start, strict=True))
    if not is_new:
        # As loaded ones: the start from data ends.
        layer.set_weights(start)
    config = case["config"]
    gathers = is_new and config.get("initializer") == "data" and not config["standardize"]
    is_trained = config.get("update") != "momentum"
    if keras.backend == "jax" and is_trained and (gathers or config.get("update") == "both"):
        with pytest.raises(ValueError, match="on JAX, Keras's fit drops"):
            keras.gradients(layer, array(case["steps"][0]["x"]), array(case["steps"][0]["dy"]))
        return
    for step in case["steps"]:
        mask = array(step["mask"]).astype(bool) if "mask" in step else None
        y, (dx, *gradients) = keras.gradients(layer, array(step["x"]), array(step["dy"]), mask)
        assert largest_difference(y, array(step["y"])) < BOUND
        assert largest_difference(dx, array(step["dx"])) < 5 * BOUND
        for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
            weight.assign(keras.value(weight) - case["rate"] * gradient)
        for weight, wanted in zip(keras.weights(layer), step["weights"], strict=True):
            assert largest_difference(weight, array(wanted)) < BOUND
    y = layer(array(case["steps"][-1]["x"]))
    assert largest_difference(keras.value(y), array(case["inference"])) < BOUND


@pytest.mark.parametrize("case", [case for case in STEPS if "random" not in case["name"]][:3], ids=lambda case: case["name"])
def test_a_layer_starts_as_in_tensorflowjs(keras, case):
    for weight, wanted in zip(keras.weights(_layer(keras, case)), case["start"], strict=True):
        np.testing.assert_allclose(weight, array(wanted), atol=1e-7)


def test_a_seed_gives_the_start_of_tensorflowjs(keras):
    (case,) = [case for case in STEPS if case["name"] == "uan random"]
    for weight, wanted in zip(keras.weights(_layer(keras, case)), case["start"], strict=True):
        np.testing.assert_allclose(weight, array(wanted), atol=1e-7)
