# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers can do, asked of each one: a version alone says little of a build. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, is_error

COMMANDS = ("cluster|migration", "cluster|migrateslots", "cluster|slot-stats")


def probe(clients: Clients, members: Iterable[Member]) -> dict[str, frozenset[str]]:
    """By member name those of COMMANDS that it knows."""
    asked = {member: [("COMMAND", "INFO", *COMMANDS)] for member in members}
    return {name: _known(name, replies[0]) for name, replies in clients.send(asked).items()}


def _known(name: str, reply: object) -> frozenset[str]:
    if isinstance(reply, Retryable):
        raise Retryable(f"Cannot ask {name} which commands it knows: it broke off ({reply}); run again.")
    if is_error(reply) or not isinstance(reply, list):
        raise Fatal(f"Cannot ask {name} which commands it knows: it answered '{reply}'; give the user +command.")
    return frozenset(str(found[0]) for found in reply if found)
