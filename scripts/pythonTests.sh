#!/usr/bin/env bash
# Tests python/: installs TensorFlow, Keras 3 and 2, JAX and TensorFlow.js's converter into out/python once, then runs pytest. Where there
# is no Python, or nothing can be installed, it says so, and is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
  printf '\n*** SKIPPED: the tests of python/ did not run: %s ***\n\n' "$1" >&2
  exit 0
}

command -v python3 >/dev/null || skip "there is no python3"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "$(python3 --version) is older than 3.10"
packages="$PWD/out/python"
wanted="$(python3 --version; cat python/requirements-ci.txt)"
if [ "$(cat "$packages/installed" 2>/dev/null)" != "$wanted" ]; then
  python3 -m pip --version >/dev/null 2>&1 || skip "python3 has no pip (Debian: python3-pip)"
  rm -rf "$packages"
  install() { timeout 400 python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$packages" "$@"; }
  install -r python/requirements-ci.txt || skip "pip could not install TensorFlow"
  # Its own requirements are of models that we have not.
  install --no-deps tensorflowjs==4.22.0 tensorflow-hub==0.16.1 || skip "pip could not install TensorFlow.js's converter"
  printf '%s' "$wanted" >"$packages/installed"
fi
export PYTHONPATH="$packages" PYTHONDONTWRITEBYTECODE=1
cd python
python3 -m pytest -q -p no:cacheprovider
# JAX compiles for long: a few layers.
KERAS_BACKEND=jax python3 -m pytest -q -p no:cacheprovider tests/test_steps.py -k "keras3 and (given or weighted or ucb)"
