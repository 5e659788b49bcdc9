# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shares of the shards, and how slots are to move, as declared. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import NO, YES, Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

ENGINES = ("auto", "atomic", "setslot")

LEAST: Mapping[str, int] = {
    "slice_seconds": 0,
    "transfers": 1,
    "keys_per_second": 0,
    "bytes_per_second": 0,
    "memory_percent": 1,
    "large_key": 1,
}
"""Numbers and the least that each may be."""


def problems(wish: Declaration) -> list[str]:
    return [*_weights(wish), *_moves(wish)]


def _weights(wish: Declaration) -> list[str]:
    found = []
    for number, given in wish.weights.items():
        if not str(number).isdecimal() or int(str(number)) >= wish.shards:
            reason = f"there is no shard {number}, the last one is {wish.shards - 1}"
            found.append(unusable("weights", number, reason, "name shards by their numbers, from 0"))
        elif weight(given) is None:
            found.append(unusable(f"weights.{number}", given, "it is no number above 0", "write for example 2 or 0.5"))
    return found


def weight(given: Any) -> Fraction | None:
    """None when it is no weight."""
    try:
        found = Fraction(str(given))
    except (ValueError, ZeroDivisionError):
        return None
    return found if found > 0 else None


def _moves(wish: Declaration) -> list[str]:
    known = ["engine", *LEAST, "allow_large_keys"]
    found = []
    for name, given in wish.moves.items():
        if name not in known:
            found.append(unusable(f"moves.{name}", given, "there is no such key", f"use {', '.join(known)}"))
        elif name == "engine":
            if given not in ENGINES:
                found.append(unusable("moves.engine", given, "there is no such choice", f"use {', '.join(ENGINES)}"))
        elif name == "allow_large_keys":
            if str(given).lower() not in YES | NO:
                found.append(unusable(f"moves.{name}", given, "it must be true or false", "correct it"))
        elif not str(given).isdecimal() or int(str(given)) < LEAST[name]:
            reason = f"it is no whole number of {LEAST[name]} or more"
            found.append(unusable(f"moves.{name}", given, reason, "correct it"))
    return found
