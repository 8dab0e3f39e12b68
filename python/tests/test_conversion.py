"""Models that TensorFlow.js's model.save wrote, in Keras and back: the same predictions within 1e-5."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import DATA, MODELS, REPOSITORY, array, largest_difference, predict, predictions

from tfjs_uan_keras.cli import main
from tfjs_uan_keras.conversion import convert, graph, load_model, save_model
from tfjs_uan_keras.conversion.files import read_layers_model

BOUND = 1e-5


def _check(outputs, wanted):
    assert len(outputs) == len(wanted)
    for output, one in zip(outputs, wanted, strict=True):
        assert largest_difference(output, one) < BOUND


@pytest.mark.parametrize("name", MODELS)
def test_a_model_predicts_as_in_tensorflowjs_within_1e_5(keras, name):
    inputs, wanted = predictions(name)
    _check(predict(load_model(DATA / name, keras.number), inputs), wanted)


@pytest.mark.parametrize("name", MODELS)
def test_a_keras_file_does_so_too(keras, name, tmp_path):
    inputs, wanted = predictions(name)
    convert(DATA / name / "model.json", tmp_path / "model.keras", keras=keras.number)
    _check(predict(keras.keras.models.load_model(tmp_path / "model.keras"), inputs), wanted)


@pytest.mark.parametrize("name", ["convolutional", "functional"])
def test_a_saved_model_does_so_too(keras, name, tmp_path):
    if keras.backend != "tensorflow":
        pytest.skip("SavedModels are TensorFlow's")
    import tensorflow as tf

    inputs, wanted = predictions(name)
    convert(DATA / name, tmp_path / "saved", keras=keras.number)
    serve = tf.saved_model.load(tmp_path / "saved").signatures["serving_default"]
    # The inputs' names are in the order of the alphabet, those of the outputs too.
    names = sorted(serve.structured_input_signature[1])
    outputs = serve(**{name: tf.constant(one) for name, one in zip(names, inputs, strict=True)})
    _check([outputs[name].numpy() for name in sorted(outputs)], wanted)


NEEDS_CONVERTER = pytest.mark.skipif(importlib.util.find_spec("tensorflowjs") is None, reason="the package tensorflowjs is not installed")
NEEDS_NODE = pytest.mark.skipif(not (REPOSITORY / "node_modules").exists(), reason="npm ci has not run")


def _in_node(folder, inputs, file):
    """What a graph model predicts in TensorFlow.js."""
    file.write_text(json.dumps([{"shape": one.shape, "values": one.ravel().tolist()} for one in inputs]))
    command = ["node", REPOSITORY / "python/tests/graph_model.mjs", folder, file]
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert run.returncode == 0, run.stderr
    return [array(one) for one in json.loads(run.stdout.splitlines()[-1])]


@NEEDS_CONVERTER
@NEEDS_NODE
@pytest.mark.parametrize("name", ["convolutional", "functional", "sequences"])
def test_a_graph_model_does_so_in_node_without_tfjs_uan(name, tmp_path):
    inputs, wanted = predictions(name)
    assert main(["convert", str(DATA / name), str(tmp_path / "graph"), "--format", "graph"]) == 0
    _check(_in_node(tmp_path / "graph", inputs, tmp_path / "inputs.json"), wanted)


@NEEDS_CONVERTER
@NEEDS_NODE
def test_a_graph_model_of_recurrent_layers_does_so_without_masks(tmp_path):
    path = _changed(tmp_path, lambda model: _layer(model, "Embedding")["config"].update(mask_zero=False), "recurrent")
    inputs, _ = predictions("recurrent")
    convert(path, tmp_path / "graph", "graph")
    _check(_in_node(tmp_path / "graph", inputs, tmp_path / "inputs.json"), predict(load_model(path), inputs))


def test_a_graph_model_with_masks_goes_forward(tmp_path):
    message = "layer 'bidirectional_Bidirectional1' must go forward.*got a mask from 'embedding_Embedding1'"
    with pytest.raises(ValueError, match=message):
        convert(DATA / "recurrent", tmp_path / "graph", "graph")


@NEEDS_CONVERTER
@pytest.mark.skipif(not (REPOSITORY / "dist/esm/layers.js").exists(), reason="npm run build has not run")
def test_a_model_that_began_in_keras_goes_to_tensorflowjs_with_our_layers(tmp_path):
    layers = pytest.importorskip("tfjs_uan_keras.keras2")
    keras = layers.keras
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Dense(6, input_shape=(5,)),
            layers.UnsupervisedAdaptiveNormalization(scale=True),
            layers.MixtureNormalization(num_components=2, seed=1),
            layers.UnsupervisedAdaptiveNormalization(moments="batch"),
            layers.BatchNormalizationWithPrior(prior_mass=2),
            layers.UnsupervisedAdaptiveNormalization(standardize=False),
        ]
    )
    x = np.random.default_rng(1).normal(size=(16, 5)).astype("float32")
    model.compile("adam", "mse")
    model.fit(x, np.ones((16, 6)), epochs=3, verbose=0)
    with graph.converters() as converters:
        converters.save_keras_model(model, str(tmp_path))
    numbers = {"inputs": x, "outputs": model.predict(x, verbose=0)}
    shown = {name: {"shape": value.shape, "values": value.ravel().tolist()} for name, value in numbers.items()}
    (tmp_path / "predictions.json").write_text(json.dumps(shown))
    command = [REPOSITORY / "node_modules/.bin/tsx", REPOSITORY / "examples/toPython.ts", "check", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_with_the_weights_that_it_has_now(keras, name, tmp_path):
    model = load_model(DATA / name, keras.number)
    model.set_weights([weight + 0.25 for weight in model.get_weights()])
    save_model(model, DATA / name, tmp_path)
    before, after = read_layers_model(DATA / name), read_layers_model(tmp_path / "model.json")
    assert list(after.weights) == list(before.weights)
    assert after.topology == before.topology
    for key, value in before.weights.items():
        np.testing.assert_allclose(after.weights[key], value + 0.25, rtol=1e-6)


def test_the_command_brings_a_keras_file_back(keras, tmp_path):
    source, file = str(DATA / "convolutional"), str(tmp_path / "model.keras")
    assert main(["convert", source, file, "--keras", str(keras.number)]) == 0
    assert main(["back", file, source, str(tmp_path / "back"), "--keras", str(keras.number)]) == 0
    assert (tmp_path / "back/weights.bin").read_bytes() == b"".join(array.tobytes() for array in read_layers_model(source).weights.values())


def test_a_model_from_tensorflowjs_trains_on(keras):
    (x,), _ = predictions("convolutional")
    model = load_model(DATA / "convolutional", keras.number)
    model.compile("adam", "mse")
    losses = model.fit(x, np.eye(3, dtype="float32")[np.arange(len(x)) % 3], epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def _changed(tmp_path, change, name="sequences"):
    """A copy of a model, its model.json changed."""
    shutil.copytree(DATA / name, tmp_path / "model")
    path = tmp_path / "model/model.json"
    model = json.loads(path.read_text())
    change(model)
    path.write_text(json.dumps(model))
    return path


def _layer(model, class_name):
    return next(layer for layer in model["modelTopology"]["config"]["layers"] if layer["class_name"] == class_name)


BAD = {
    "a class that Keras lacks": (lambda m: _layer(m, "ELU").update(class_name="Mystery"), "elu_ELU1.*has no class 'Mystery'"),
    "resizing as TensorFlow.js alone does": (
        lambda m: _layer(m, "Permute").update(class_name="UpSampling2D", config={"name": "up", "interpolation": "bilinear"}),
        "layer 'up'.*must interpolate by 'nearest'.*got 'bilinear'",
    ),
    "a wrong argument": (lambda m: _layer(m, "Conv1D")["config"].update(strides=-1), r"layer 'conv1d_Conv1D1' \(Conv1D\)"),
    "weights of another shape": (
        lambda m: m["weightsManifest"][0]["weights"][0].update(shape=[9, 6]),
        r"layer 'conv1d_Conv1D1': Keras has weights of the shapes \[\(3, 3, 6\), \(6,\)\]; got .*\(9, 6\)",
    ),
    "a graph model": (lambda m: m.update(format="graph-model"), "must be a layers model.*got format 'graph-model'"),
    "a dtype": (
        lambda m: m["weightsManifest"][0]["weights"][0].update(dtype="string"),
        "weight 'conv1d_Conv1D1/kernel': its dtype must be one of float32.*got 'string'",
    ),
    "no shape of the input": (
        lambda m: _layer(m, "Conv1D")["config"].pop("batch_input_shape"),
        "must say the shape of the input",
    ),
    "our layer with a wrong argument": (
        lambda m: _layer(m, "UnsupervisedAdaptiveNormalization")["config"].update(moments="median"),
        "moments must be 'learned' or 'batch'; got 'median'",
    ),
}


@pytest.mark.parametrize("change, message", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_named(keras, tmp_path, capsys, change, message):
    path = _changed(tmp_path, change)
    with pytest.raises(ValueError, match=message):
        load_model(path, keras.number)
    assert main(["convert", str(path), str(tmp_path / "x.keras"), "--keras", str(keras.number)]) == 1
    assert "tfjs-uan-keras: " in capsys.readouterr().err


def test_weights_that_are_cut_off_are_named(tmp_path):
    path = _changed(tmp_path, lambda model: None)
    data = path.with_name("weights.bin")
    data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(ValueError, match="weight 'conv1d_Conv1D1/kernel': wanted 216 bytes from byte 0 on; got 40 in all"):
        read_layers_model(path)
