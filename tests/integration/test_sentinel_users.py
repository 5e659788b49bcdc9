# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users where Sentinels are, on servers and Sentinels of every version: what was set is what is seen, so that a
second run finds nothing to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, acl_live
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import User

from tests.integration.sentinels import watched
from tests.loopback import Process
from tests.servers import Server

HASHES = [letter * 64 for letter in "abcde"]
APPLICATION = User("shop", (HASHES[0],), acl.APPLICATION_COMMANDS, acl.ALL_KEYS, acl.ALL_CHANNELS)


def left_to_do(process: Process, users: Sequence[User]) -> list[str]:
    """What a run would do, by the words of the server."""
    catalog = acl_live.catalog(process.ask("COMMAND"))
    there = {user.name: acl_live.seen(process.ask("ACL", "GETUSER", user.name)) for user in users}
    plan = acl_live.plan(users, {"pod": acl_live.Server(there, catalog)})
    return [step.text for step in plan.steps]


def test_what_was_set_is_what_is_seen(server: Server) -> None:
    client = replace(APPLICATION, commands=acl.SENTINEL_CLIENT_COMMANDS, keys=())
    of_servers = [*acl.watched_users(*HASHES), acl.apart_from_sentinels(APPLICATION)]
    of_sentinels = [*acl.sentinel_users(*HASHES[:4]), client]
    with watched(server, replicas=0, sentinels=1) as made:
        for process, users in ((made.servers[0], of_servers), (made.sentinels[0], of_sentinels)):
            for user in users:
                assert process.ask(*acl.set_user(user)) == "OK"
            assert left_to_do(process, users) == []
            assert process.ask("ACL", "SETUSER", acl.PROBE, "+@all") == "OK"
            assert left_to_do(process, users) == [f"pod: change commands of user {acl.PROBE}"]
