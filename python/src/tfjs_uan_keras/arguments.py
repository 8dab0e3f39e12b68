"""Checks of arguments. An error says who, what was wanted, and what came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def argument_error(owner: str, name: str, wanted: str, got: Any) -> ValueError:
    """An error that names the argument."""
    return ValueError(f"tfjs-uan-keras: {owner}: {name} must {wanted}; got {got!r}")


def check_count(owner: str, name: str, value: Any, least: int = 1) -> None:
    """Raises ValueError where the value is not an integer from ``least`` on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise argument_error(owner, name, f"be an integer, at least {least}", value)


def check_choice(owner: str, name: str, value: Any, choices: Sequence[str]) -> None:
    """Raises ValueError where the value is none of the choices."""
    if value not in choices:
        raise argument_error(owner, name, "be " + " or ".join(map(repr, choices)), value)


def check_not_negative(owner: str, name: str, value: Any, note: str = "") -> None:
    """Raises ValueError where the value is not a finite number from 0 on."""
    if not _is_number(value) or not math.isfinite(value) or value < 0:
        raise argument_error(owner, name, f"be a finite number that is not negative{note}", value)


def check_momentum(owner: str, value: Any) -> None:
    """Raises ValueError where the value is not a number from 0 to 1."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise argument_error(owner, "momentum", "be a number from 0 to 1", value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
