# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ledger tells its clients arrives with them as it was."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tests.chaos.target import Sentinels, Target, addresses, target_from


@pytest.mark.parametrize("sentinels", [None, Sentinels(["10.0.0.2:26379"], {"password": "two"}, "web.sessions")])
def test_there_and_back(sentinels: Sentinels | None) -> None:
    target = Target(["10.0.0.1:6379"], {"username": "app", "password": "one"}, sentinels)
    assert target_from(json.loads(json.dumps({**asdict(target), "plan": {}}))) == target


def test_addresses() -> None:
    assert addresses(["10.0.0.1:6379", "[fd00::1]:26379"]) == [("10.0.0.1", 6379), ("fd00::1", 26379)]
