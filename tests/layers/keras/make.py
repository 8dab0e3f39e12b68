"""What Keras itself computes with its normalizations: writes keras2.json, addons.json, contrib.json or keras3.json beside this file.

    python make.py keras2    # tensorflow 2.15, whose tf.keras is Keras 2
    python make.py addons    # that, and tensorflow-addons 0.23
    python make.py contrib   # tensorflow 2.15, and keras_contrib's layers/normalization/instancenormalization.py of 2020
    python make.py keras3    # keras 3.15 and tensorflow

Inputs and weights are waves, which the test makes again. A case has the layer's configuration, and what it gives: at inference, then in
two batches of training, the gradients of the sum of wave * y in the second, all weights after, and at inference again.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

FLAVOR = sys.argv[1]
if FLAVOR == "keras3":
    import keras
else:
    from tensorflow import keras
layers = keras.layers
VERSION = keras.__version__ if FLAVOR == "keras3" else tf.__version__


def wave(shape, seed, scale=1.0, shift=0.0):
    i = np.arange(int(np.prod(shape)), dtype=np.float64)
    return (np.sin(1.7 * i + 0.9 * seed) * scale + shift).astype(np.float32).reshape(shape)


def is_positive(name):
    return any(part in name for part in ["variance", "stddev"])


def name_of(variable):
    """A weight's name, without its layer's."""
    name = variable.path if FLAVOR == "keras3" else variable.name
    return name.split("/", 1)[-1].split(":")[0]


def value_of(name, shape, dtype, seed):
    if dtype == "bool":
        return np.asarray(seed % 2 == 1)
    if "int" in dtype:
        return np.asarray(7)
    return wave(shape, seed, 0.4, 1.5) if is_positive(name) else wave(shape, seed, 0.7, 0.2)


def numbers(tensor):
    return [float(f"{value:.7g}") for value in np.asarray(tf.convert_to_tensor(tensor), np.float64).ravel()]


def case(name, layer, shape, call=None, batch=3, integers=0, bools=True, config=None):
    """shape: without the batch. call: Keras's call argument training. integers: how many there are, where x is of them."""
    full = [batch, *shape]

    def inputs(seed):
        if integers:
            return tf.constant((np.arange(int(np.prod(full))) * (seed + 2) % integers).reshape(full), tf.int32)
        return tf.constant(wave(full, seed, 1.5, 0.4))

    x, other = inputs(1), inputs(2)
    layer(x)
    variables = layer.weights
    weights = []
    for seed, variable in enumerate(variables):
        own = name_of(variable)
        dtype = variable.dtype if isinstance(variable.dtype, str) else variable.dtype.name
        value = value_of(own, tuple(variable.shape), dtype, seed + (0 if bools else 1))
        variable.assign(value if dtype != "bool" else bools)
        weights.append({"name": own, "shape": list(variable.shape), "dtype": dtype})
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()

    def run(of, training):
        flag = training if call is None else call
        try:
            return layer(of, training=flag)
        except TypeError:
            return layer(of)

    result = {
        "name": name,
        "className": keras.saving.get_registered_name(type(layer)),
        "config": json.loads(json.dumps(layer.get_config(), default=lambda o: dict(o) if isinstance(o, dict) else list(o))),
        "shape": full,
        "integers": integers,
        "bools": bools,
        "weights": weights,
    }
    if config:
        result["config"].update(config)
    if call is None:
        result["y"] = numbers(layer(x) if FLAVOR == "addons" and "Weight" in name else run(x, False))
    run(other, True)
    sources = {} if integers else {"x": x}
    for variable in layer.trainable_variables:
        sources[name_of(variable)] = variable.value if FLAVOR == "keras3" else variable
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = run(x, True)
        loss = tf.reduce_sum(y * wave(tuple(y.shape), 5))
    gradients = tape.gradient(loss, sources)
    result["training"] = {
        "y": numbers(y),
        "gradients": {name: numbers(gradient) for name, gradient in gradients.items()},
        "weights": [numbers(variable) for variable in variables],
    }
    if call is None:
        result["after"] = numbers(run(x, False))
    return result


def keras2():
    clipping = {"rmax": 1.2, "rmin": 0.9, "dmax": 0.3}

    def batch(**args):
        # Fused, Keras 2 moves the unbiased variance; neither TensorFlow.js nor Keras 3 does.
        return layers.BatchNormalization(fused=False, **args)

    sync = layers.experimental.SyncBatchNormalization
    return [
        case("batch normalization, axis 1", batch(axis=1), [3, 2, 4]),
        case("batch normalization, axis 1 of rank 3", batch(axis=1, epsilon=0.01), [3, 4]),
        case("batch normalization, axis 2", batch(axis=2, momentum=0.8), [3, 2, 4]),
        case("batch normalization, two axes", batch(axis=[1, 3]), [2, 3, 3]),
        case("batch normalization, two axes, no gamma", batch(axis=[1, 2], scale=False), [3, 2, 2]),
        case("batch normalization, rank 5", batch(), [2, 3, 2, 3]),
        case("batch normalization, rank 5, axis 1", batch(axis=1, center=False), [3, 2, 2, 2]),
        case("batch normalization, rank 6", batch(), [2, 2, 2, 2, 3]),
        case("batch renormalization, frozen", batch(renorm=True, trainable=False), [2, 3, 4]),
        case("batch renormalization", batch(renorm=True, momentum=0.8), [3, 2, 4]),
        case("batch renormalization, clipped", batch(renorm=True, renorm_clipping=clipping, renorm_momentum=0.7), [3, 2, 4]),
        case("batch renormalization, dmax alone, rank 2", batch(renorm=True, renorm_clipping={"dmax": 0.2}), [4], batch=6),
        case("batch renormalization, no gamma and beta", batch(renorm=True, center=False, scale=False), [3, 4]),
        case("batch renormalization, axis 1", batch(renorm=True, axis=1), [3, 2, 2]),
        case("training: true", batch(), [3, 2, 4], call=True, config={"training": True}),
        case("training: false", batch(), [3, 2, 4], call=False, config={"training": False}),
        case("SyncBatchNormalization", sync(axis=-1), [3, 2, 4]),
        case("layer normalization, axes 1 and 2", layers.LayerNormalization(axis=[1, 2]), [3, 2, 4]),
        case("layer normalization, rank 5", layers.LayerNormalization(axis=[2, 4]), [2, 2, 3, 2]),
        case("group normalization, a group for each channel", layers.GroupNormalization(groups=-1), [3, 2, 4]),
        case("unit normalization", layers.UnitNormalization(), [3, 4]),
        case("unit normalization, axes 1 and 2", layers.UnitNormalization(axis=[1, 2]), [3, 2, 4]),
        case("normalization", layers.Normalization(), [3, 4]),
        case("normalization, axis null", layers.Normalization(axis=None), [3, 4]),
        case("normalization, axes 1 and 3, inverse", layers.Normalization(axis=(1, 3), invert=True), [3, 2, 4]),
        case("normalization, given", layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[0.5, 2.0, 0.0]), [2, 3]),
        case("normalization, given numbers", layers.Normalization(mean=0.5, variance=2.0, invert=True), [2, 3]),
        case("spectral normalization, dense", layers.SpectralNormalization(layers.Dense(4)), [5]),
        case(
            "spectral normalization, conv2d",
            layers.SpectralNormalization(layers.Conv2D(3, 2), power_iterations=3),
            [4, 3, 2],
        ),
        case(
            "spectral normalization, embedding",
            layers.SpectralNormalization(layers.Embedding(6, 3)),
            [4],
            integers=6,
        ),
    ]


def addons():
    import tensorflow_addons as tfa

    of = tfa.layers
    return [
        case("Addons' group normalization", of.GroupNormalization(groups=2, axis=-1), [3, 2, 4]),
        case("Addons' instance normalization", of.InstanceNormalization(axis=1), [3, 2, 4]),
        case("Addons' spectral normalization", of.SpectralNormalization(layers.Dense(4), power_iterations=2), [5]),
        case("WeightNormalization, dense", of.WeightNormalization(layers.Dense(4, activation="tanh")), [5]),
        case("WeightNormalization, dense, not initialized", of.WeightNormalization(layers.Dense(4)), [5], bools=False),
        case(
            "WeightNormalization, conv2d, not initialized, without data",
            of.WeightNormalization(layers.Conv2D(3, 2), data_init=False),
            [4, 3, 2],
            bools=False,
        ),
        case("WeightNormalization, simple RNN", of.WeightNormalization(layers.SimpleRNN(3), data_init=False), [4, 2]),
        case("filter response normalization", of.FilterResponseNormalization(), [3, 2, 4]),
        case(
            "filter response normalization, learned epsilon",
            of.FilterResponseNormalization(learned_epsilon=True),
            [3, 2, 4],
        ),
    ]


def contrib():
    from keras_contrib.layers import InstanceNormalization

    # With a number as axis, the name in the file has to say whose layer it is.
    def along(axis, shape):
        one = case(f"keras_contrib's instance normalization, axis {axis}", InstanceNormalization(axis=axis), shape)
        return {**one, "className": "Contrib>InstanceNormalization"}

    null = InstanceNormalization(epsilon=0.1, scale=False)
    return [
        case("keras_contrib's instance normalization", InstanceNormalization(), [3, 2, 4]),
        case("keras_contrib's instance normalization, no gamma, rank 2", null, [5]),
        along(-1, [3, 2, 4]),
        along(1, [3, 2, 4]),
    ]


def keras3():
    clipping = {"rmax": 1.2, "rmin": 0.9, "dmax": 0.3}
    return [
        case("batch normalization, axis 1", layers.BatchNormalization(axis=1, synchronized=False), [3, 2, 4]),
        case("batch renormalization", layers.BatchNormalization(renorm=True, renorm_clipping=clipping), [3, 2, 4]),
        case("layer normalization, rank 5", layers.LayerNormalization(axis=[2, 4]), [2, 2, 3, 2]),
        case("layer normalization, rms_scaling", layers.LayerNormalization(rms_scaling=True), [3, 4]),
        case("layer normalization, rms_scaling, axes 1 and 2", layers.LayerNormalization(axis=[1, 2], rms_scaling=True), [3, 2, 4]),
        case("RMS normalization, axes 2 and 3", layers.RMSNormalization(axis=[2, 3]), [3, 2, 4]),
        case("group normalization, a group for each channel", layers.GroupNormalization(groups=-1), [3, 2, 4]),
        case("unit normalization", layers.UnitNormalization(axis=-1), [3, 4]),
        case("normalization", layers.Normalization(axis=-1), [3, 4]),
        case("normalization, given", layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[0.5, 2.0, 1.0]), [2, 3]),
        case("spectral normalization, dense", layers.SpectralNormalization(layers.Dense(4)), [5]),
    ]


cases = {"keras2": keras2, "addons": addons, "contrib": contrib, "keras3": keras3}[FLAVOR]()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{FLAVOR}.json"), "w") as file:
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in cases)
    file.write(f'{{"version":"{VERSION}","cases":[\n{lines}\n]}}\n')
