"""The command tfjs-uan-keras."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .conversion import FORMATS, convert, save_model


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tfjs-uan-keras", description="Models from TensorFlow.js to Keras, and back.")
    commands = parser.add_subparsers(dest="command", required=True)
    to = commands.add_parser("convert", help="model.json of model.save to .keras, SavedModel, or a graph model")
    to.add_argument("source", help="model.json, or its folder")
    to.add_argument("target", help="a file that ends in .keras, or a folder")
    to.add_argument("--format", choices=FORMATS, help="default: keras where the target ends in .keras, else saved_model")
    to.add_argument("--keras", type=int, choices=(2, 3), default=3, help="which Keras. Default 3; 2 is tf_keras")
    back = commands.add_parser("back", help="the weights of a .keras file, trained since, to a layers model of TensorFlow.js")
    back.add_argument("trained", help="a .keras file that convert wrote, after training")
    back.add_argument("source", help="the model.json that it came from")
    back.add_argument("target", help="a folder for model.json and weights.bin")
    back.add_argument("--keras", type=int, choices=(2, 3), default=3, help="which Keras wrote the file. Default 3")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command. Returns its exit status."""
    given = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        if given.command == "convert":
            convert(given.source, given.target, given.format, given.keras)
        else:
            # Its classes must be known before the file is read.
            from .conversion.flavor import Flavor

            model = Flavor(given.keras).keras.models.load_model(given.trained)
            save_model(model, given.source, given.target)
    except (ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
