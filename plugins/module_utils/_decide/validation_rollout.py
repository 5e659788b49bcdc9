# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How pods are to be restarted, as declared. Pure; PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import NO, YES, Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

NUMBERS = {"limit": 0, "pause": 0, "max_lag": 0, "timeout": 30}
"""Whole numbers and the least that each may be. In less than 30 s hardly any pod comes back."""

MASTERS = ("restart", "skip")
TRUTH = "accept_interruption"

KNOWN = (*NUMBERS, "masters", TRUTH)


def problems(wish: Declaration) -> list[str]:
    return [problem for name, given in wish.rollout.items() if (problem := _problem(str(name), given))]


def _problem(name: str, given: Any) -> str:
    setting = f"rollout.{name}"
    if name not in KNOWN:
        return unusable(setting, given, "there is no such key", f"use {', '.join(KNOWN)}")
    if name == "masters":
        return "" if given in MASTERS else unusable(setting, given, "there is no such choice", "use restart or skip")
    if name == TRUTH:
        fine = str(given).lower() in YES | NO
        return "" if fine else unusable(setting, given, "it must be true or false", "correct it")
    fine = str(given).isdecimal() and int(str(given)) >= NUMBERS[name]
    return "" if fine else unusable(setting, given, f"it is no whole number of {NUMBERS[name]} or more", "correct it")
