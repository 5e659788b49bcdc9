# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that servers are to have."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import configuration

from tests.unit.decide.declarations import wish

SMALL = {"limits": {"memory": "1Gi"}}


def test_maxmemory() -> None:
    assert configuration.maxmemory(wish(resources=SMALL)) == 2**30 * 70 // 100
    assert configuration.maxmemory(wish(resources=SMALL, config={"maxmemory": "100mb"})) == 100 * 2**20
    assert configuration.maxmemory(wish(resources={})) is None
