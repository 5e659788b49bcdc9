# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the clients of a ledger find the servers, as JSON tells it to their processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sentinels:
    """Some of them, or a name that leads to them; their own login; and the name that they have for the master."""

    seeds: Sequence[str]
    access: Mapping[str, str]
    master_name: str


@dataclass(frozen=True)
class Target:
    """``seeds`` are members of a cluster; beside ``sentinels``, the proxy in front of the master."""

    seeds: Sequence[str]
    access: Mapping[str, str]
    sentinels: Sentinels | None = None

    @property
    def watched(self) -> Sentinels:
        assert self.sentinels, "this client asks Sentinels, and there are none"
        return self.sentinels


def target_from(told: Mapping[str, Any]) -> Target:
    sentinels = told.get("sentinels")
    return Target(told["seeds"], told["access"], Sentinels(**sentinels) if sentinels else None)


def addresses(seeds: Sequence[str]) -> list[tuple[str, int]]:
    """``host:port``, ``[address]:port`` for IPv6."""
    parts = [seed.rpartition(":") for seed in seeds]
    return [(host.strip("[]"), int(port)) for host, _colon, port in parts]
