# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How slots are moved: by what every member can do."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import engines, rights
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused

REDIS, VALKEY, OLD = frozenset({"cluster|migration"}), frozenset({"cluster|migrateslots"}), frozenset[str]()

CHOICES = [
    ("auto", {"a": REDIS, "b": REDIS}, "migration"),
    ("auto", {"a": VALKEY, "b": VALKEY}, "migrateslots"),
    ("auto", {"a": OLD, "b": OLD}, "setslot"),
    ("auto", {"a": REDIS, "b": OLD}, "setslot"),
    ("auto", {"a": REDIS, "b": VALKEY}, "setslot"),
    ("auto", {}, "setslot"),
    ("setslot", {"a": REDIS, "b": REDIS}, "setslot"),
    ("atomic", {"a": REDIS, "b": REDIS}, "migration"),
    ("atomic", {"a": VALKEY}, "migrateslots"),
]


@pytest.mark.parametrize(("wished", "known", "engine"), CHOICES)
def test_choice(wished: str, known: dict[str, frozenset[str]], engine: str) -> None:
    assert engines.choose(wished, known) == engine


NOT_ATOMIC = [
    ({"a": REDIS, "b": OLD}, "b has no CLUSTER MIGRATION"),
    ({"a": OLD, "b": VALKEY, "c": OLD}, "a, c has no CLUSTER MIGRATESLOTS"),
    ({"a": OLD, "b": OLD}, "a, b has no CLUSTER MIGRATION"),
]


@pytest.mark.parametrize(("known", "seen"), NOT_ATOMIC)
def test_not_atomic(known: dict[str, frozenset[str]], seen: str) -> None:
    with pytest.raises(Refused) as refused:
        engines.choose("atomic", known)
    assert str(refused.value) == (
        f"Cannot move slots atomically: {seen}, which came with Redis 8.4 (MIGRATION) and Valkey 9.0 (MIGRATESLOTS); "
        "use engine=auto, or upgrade."
    )


def test_every_engine_has_its_rights() -> None:
    assert set(rights.TOOL) == {*engines.ATOMIC, engines.SETSLOT}
    assert set(rights.REPLICATION) <= set(rights.TOOL)
