"""Writes models of this Python's Keras into FOLDER, as tests/keras/models has them: python3 make.py FOLDER

Needs keras, tensorflow and tensorflowjs 4.22. `npm run python:models -- FOLDER` compares. Those of tests/keras/models are a choice, of
Keras 2.12.0, 2.15.0 and 3.6.0; others of its models, of Keras 2.12.0, 2.15.0 and 3.15.1, were made in the same way.
"""

import json
import os
import subprocess
import sys
import tempfile

import keras
import numpy as np

layers = keras.layers
Input = keras.Input
IS_KERAS_3 = keras.__version__.startswith("3")
rng = np.random.default_rng(1)


def row(*stack):
    return keras.Sequential(list(stack))


def nested():
    i = Input((6,))
    inner = keras.Model(i, layers.Dense(4)(layers.BatchNormalization()(layers.Dense(5)(i))), name="inner")
    stack = keras.Sequential([Input((4,)), layers.Dense(3, activation="tanh"), layers.LayerNormalization()], name="stack")
    x = Input((6,))
    return keras.Model(x, layers.Dense(2)(stack(inner(x, training=False))))


def twins():
    def tower(name):
        i = Input((4,))
        y = layers.Dense(3, name="d2")(layers.Dense(5, name="d1", activation="relu")(i))
        return keras.Model(i, y, name=name)

    x = Input((4,))
    return keras.Model(x, layers.Concatenate()([tower("t1")(x), tower("t2")(x)]))


def bidirectional():
    first = layers.Bidirectional(layers.LSTM(5, return_sequences=True))
    return row(Input((6, 4)), first, layers.Bidirectional(layers.SimpleRNN(3), merge_mode="sum"))


def td_model():
    inner = row(Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(3))
    return row(Input((3, 6)), layers.TimeDistributed(inner), layers.GlobalAveragePooling1D())


def td_bi():
    return row(Input((3, 5, 4)), layers.TimeDistributed(layers.Bidirectional(layers.LSTM(3))), layers.Dense(2))


def fn_embedding_mask():
    x = Input((6,), dtype="int32")
    return keras.Model(x, layers.Dense(2)(layers.LSTM(3)(layers.Embedding(11, 4, mask_zero=True)(x))))


def fn_masking():
    x = Input((6, 4))
    return keras.Model(x, layers.Dense(2)(layers.LSTM(3)(layers.Masking(mask_value=0.0)(x))))


def residual_ops():
    x = Input((6,))
    y = layers.Dense(6)(x)
    return keras.Model(x, layers.Dense(2)(((x + y) * 0.5 - 1.0) / 2.0 * y))


def seq2seq():
    encoded, decoded = Input((5, 3)), Input((4, 3))
    _, h, c = layers.LSTM(4, return_state=True)(encoded)
    y = layers.LSTM(4, return_sequences=True)(decoded, initial_state=[h, c])
    return keras.Model([encoded, decoded], layers.Dense(2)(y))


def compiled():
    model = row(Input((6,)), layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dense(2))
    model.compile("adam", "mse")
    model.fit(rng.random((8, 6)), rng.random((8, 2)), verbose=0)
    return model


def regularized():
    l2, l1, both = keras.regularizers.L2(0.01), keras.regularizers.L1(0.3), keras.regularizers.L1L2(0.1, 0.2)
    scaling = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return row(
        Input((8,)),
        layers.Dense(8, kernel_regularizer=l2, bias_regularizer="l1", kernel_initializer="lecun_normal"),
        layers.Dense(4, kernel_regularizer=both, kernel_constraint="max_norm", kernel_initializer=scaling),
        layers.Dense(2, kernel_initializer="orthogonal", kernel_regularizer=l1),
    )


def multi_out_nested():
    i, x = Input((5,)), Input((5,))
    inner = keras.Model(i, [layers.Dense(3)(i), layers.Dense(4)(i)])
    p, q = inner(x)
    return keras.Model(x, [layers.Dense(2)(p), layers.Dense(2)(q)])


def two_inputs():
    a, b = Input((5,), name="a"), Input((7,), name="b")
    x, y = layers.Dense(6, activation="relu")(a), layers.Dense(6)(b)
    z, w = layers.Concatenate()([x, y]), layers.Add()([x, y])
    return keras.Model([a, b], [layers.Dense(2, name="o1")(z), layers.Dense(3, name="o2")(layers.Multiply()([x, y, w]))])


def hard():
    return row(Input((8,)), layers.Dense(8, activation="hard_sigmoid"), layers.Dense(4, activation="exponential"))


def relu_keys():
    return row(Input((8,)), layers.Dense(8), layers.ReLU(negative_slope=0.3), layers.Dense(8), layers.ReLU(threshold=0.4))


def cell():
    return row(Input((6, 4)), layers.RNN(layers.LSTMCell(3), return_sequences=True), layers.RNN(layers.SimpleRNNCell(3)))


def siamese():
    base = row(Input((5,)), layers.Dense(4, activation="relu"), layers.BatchNormalization())
    a, b = Input((5,)), Input((5,))
    return keras.Model([a, b], layers.Dot(axes=1)([base(a), base(b)]))


def stateful():
    first = Input(batch_shape=(5, 6, 4)) if IS_KERAS_3 else Input(batch_size=5, shape=(6, 4))
    return row(first, layers.LSTM(3, stateful=True))


def no_input():
    model = keras.Sequential([layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dense(2)])
    model(np.zeros((3, 5), "float32"))
    return model


MODELS = [
    *(nested, twins, bidirectional, td_model, td_bi, fn_embedding_mask, fn_masking, residual_ops, seq2seq, compiled, regularized),
    *(multi_out_nested, two_inputs, hard, relu_keys, cell, siamese, stateful, no_input),
]


def randomize(model):
    for weight in model.weights:
        values = rng.normal(size=tuple(weight.shape)) * 0.5
        is_variance = "variance" in getattr(weight, "path", weight.name)
        weight.assign((np.abs(values) + 0.5 if is_variance else values).astype("float32"))


def inputs_of(model):
    for tensor in model.inputs or [keras.Input((5,))]:
        shape = (5, *tensor.shape[1:])
        is_integer = "int" in str(tensor.dtype)
        yield rng.integers(0, 11, size=shape).astype("int32") if is_integer else rng.normal(size=shape).astype("float32")


def convert(saved, input_format, output):
    subprocess.run(["tensorflowjs_converter", "--input_format", input_format, saved, output], check=True, capture_output=True)


def write(make, folder):
    """Returns the model's entry in index.json."""
    keras.backend.clear_session()
    model = make()
    randomize(model)
    x = list(inputs_of(model))
    y = model(x if len(x) > 1 else x[0], training=False)
    y = [np.asarray(one, "float32") for one in (y if isinstance(y, (list, tuple)) else [y])]
    os.makedirs(folder, exist_ok=True)
    for name, arrays in (("x", x), ("y", y)):
        with open(f"{folder}/{name}.bin", "wb") as file:
            file.write(b"".join(array.astype("float32").tobytes() for array in arrays))
    forms = []
    for form, ending, input_format in (("h5", "h5", "keras"), ("keras", "keras", "keras_keras")):
        with tempfile.TemporaryDirectory() as saved:
            is_old = ending == "keras" and keras.__version__.startswith("2.12")
            model.save(f"{saved}/model.{ending}", **({"save_format": "keras_v3"} if is_old else {}))
            try:
                convert(f"{saved}/model.{ending}", input_format, f"{folder}/{form}")
                forms.append(form)
            except subprocess.CalledProcessError as error:
                print(make.__name__, form, error.stderr.decode()[-300:])
    entry = {"x": [array.shape for array in x], "y": [array.shape for array in y], "forms": forms}
    dtypes = [str(array.dtype) for array in x]
    return {**entry, "dtype": dtypes} if "int32" in dtypes else entry


def main():
    (folder,) = sys.argv[1:]
    index = {make.__name__: write(make, f"{folder}/{make.__name__}") for make in MODELS}
    with open(f"{folder}/index.json", "w") as file:
        json.dump(index, file)


main()
