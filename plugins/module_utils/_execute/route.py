# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between whom slots move, and the command that moves keys. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._model import Node
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Command

SLOWEST_BYTES = 20_000_000
"""Bytes a second that a MIGRATE moves at least; by it the time is set that one may take."""


@dataclass(frozen=True)
class Route:
    """``replicas``: of the target."""

    source: Node
    target: Node
    replicas: tuple[Node, ...] = ()


def migrate(target: Node, login: tuple[str, str], keys: Sequence[bytes], size: int, *options: str) -> Command:
    """MIGRATE of several keys; ``login`` is the name and password at the target, either may be empty.

    The servers keep a MIGRATE's password out of MONITOR, the slow log and the ACL log.
    """
    username, password = login
    auth = ("AUTH2", username, password) if username and password else ("AUTH", password) if password else ()
    timeout = 2000 + size * 1000 // SLOWEST_BYTES
    where = (target.member.host, str(target.member.port))
    return ("MIGRATE", *where, "", "0", str(timeout), *options, *auth, "KEYS", *keys)
