# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""redis_config on running servers: what it sets, proves, refuses and leaves, and that it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, live, versions
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration

from tests.integration import modules
from tests.loopback import Process, processes
from tests.servers import Server

MODULE = "redis_config"
WISH = {"hz": 20, "maxmemory-policy": "allkeys-lru", "notify-keyspace-events": "KEA", "maxmemory": "100mb"}
HAVE = {"hz": "20", "maxmemory-policy": "allkeys-lru", "notify-keyspace-events": "AKE", "maxmemory": str(100 * 2**20)}


@pytest.fixture
def members(server: Server) -> Iterator[list[Process]]:
    with processes(server, 3) as made:
        yield sorted(made, key=lambda member: member.endpoint)


def settings(member: Process, *names: str) -> dict[str, str]:
    flat = member.ask("CONFIG", "GET", *names)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def run_ids(members: list[Process]) -> list[str]:
    texts = [member.ask("INFO", "server") for member in members]
    return [next(line for line in text.splitlines() if line.startswith("run_id:")) for text in texts]


def succeed(members: list[Process], **options: object) -> modules.Result:
    (result,) = modules.succeed([MODULE], members, **options)
    return result


def test_set_on_all_and_mended_where_somebody_changed_it(members: list[Process]) -> None:
    before = run_ids(members)
    foreseen = succeed(members, directives=WISH, check=True)
    assert foreseen.changed
    assert settings(members[0], "hz") == {"hz": "10"}

    done = succeed(members, directives=WISH)
    assert done.plan == foreseen.plan
    assert len(done.plan) == 3
    assert [settings(member, *HAVE) for member in members] == [HAVE] * 3
    assert done.values["diff"]["after"].count("hz 20\n") == 3
    again = succeed(members, directives=WISH)
    assert (again.changed, again.plan, again.values["drift"]) == (False, [], [])

    members[1].ask("CONFIG", "SET", "hz", "99")
    seen = modules.succeed(["cluster_info"], members, directives=WISH)[0]
    advice = [(each["seen"], each["advice"]) for each in seen.values["findings"] if each["code"] == "config_drift"]
    assert ("hz is '99', declared is '20'", "a run sets it back") in advice
    mended = succeed(members, directives=WISH)
    assert mended.plan == [f"{members[1].endpoint}: hz 99 -> 20"]
    assert mended.values["drift"] == [
        {"node": members[1].endpoint, "name": "hz", "seen": "99", "wished": "20", "restart": False}
    ]
    assert [settings(member, *HAVE) for member in members] == [HAVE] * 3
    assert run_ids(members) == before


def test_what_a_server_refuses_has_changed_nothing(members: list[Process]) -> None:
    before = [settings(member, "*") for member in members]
    message = modules.refuse(MODULE, members, directives={**WISH, "maxmemory-samples": 0})
    assert f"{members[0].endpoint} answered 'CONFIG SET failed" in message
    assert message.endswith("and took none of it; correct that directive.")
    assert [settings(member, "*") for member in members] == before


UNSAFE: list[tuple[dict[str, object], str]] = [
    ({"maxmemory": "1kb"}, "Cannot set maxmemory 1kb on "),
    ({"no-such-directive": 1}, "Cannot set no-such-directive on "),
    ({"appendfsync": "often"}, "Cannot set appendfsync to 'often': no server takes this value; use always"),
    ({"requirepass": "canary-0123456789"}, "Cannot set requirepass: its value may be a password"),
    ({"two words": 1}, "Cannot use the directive 'two words'"),
    ({"hz": {"a": 1}}, "Cannot use the directive hz: its value is no text"),
]


def test_what_is_refused_before_anything_is_set(members: list[Process]) -> None:
    before = [settings(member, "*") for member in members]
    for given, message in UNSAFE:
        seen = modules.refuse(MODULE, members, directives={"hz": 20, **given})
        assert seen.startswith(message)
        assert "canary" not in seen
    assert [settings(member, "*") for member in members] == before


def test_less_memory_at_the_next_start_than_is_used(members: list[Process]) -> None:
    message = modules.refuse(MODULE, members, directives={"hz": 20}, maxmemory_at_start=1000)
    assert message.startswith("Cannot lower the memory limit: ")
    assert settings(members[0], "hz") == {"hz": "10"}


def test_a_member_that_refuses_half_way(members: list[Process]) -> None:
    members[2].ask("ACL", "SETUSER", "default", "-config|set")
    (stopped,) = modules.run([MODULE], members, directives=WISH)
    assert stopped.failed
    assert stopped.changed
    assert members[2].endpoint in stopped.message
    assert len(stopped.plan) == 2
    assert [settings(member, "hz")["hz"] for member in members] == ["20", "20", "10"]

    members[2].ask("ACL", "SETUSER", "default", "+config|set")
    mended = succeed(members, directives=WISH)
    assert [text.split(": ")[0] for text in mended.plan] == [members[2].endpoint]
    assert [settings(member, *HAVE) for member in members] == [HAVE] * 3


def test_a_server_that_keeps_another_value_than_it_was_given(members: list[Process]) -> None:
    (kept,) = modules.run([MODULE], members, directives={"hz": 1000})
    assert kept.failed
    assert "it tells '500', wished is '1000'" in kept.message


def test_what_needs_a_restart_is_told_and_left(members: list[Process]) -> None:
    result = succeed(members, directives={"tcp-backlog": 77, "hz": 20})
    assert result.values["needs_restart"] == ["tcp-backlog"]
    assert [each["restart"] for each in result.values["drift"]] == [False, True] * 3
    assert settings(members[0], "hz", "tcp-backlog") == {"hz": "20", "tcp-backlog": "511"}
    again = succeed(members, directives={"tcp-backlog": 77, "hz": 20})
    assert (again.changed, again.values["needs_restart"]) == (False, ["tcp-backlog"])


def test_a_directive_that_is_declared_no_more(members: list[Process], server: Server) -> None:
    """Each goes back to what this version does by itself."""
    config = {
        "hz": 20,
        "timeout": 7,
        "maxclients": 99,
        "activedefrag": "no",
        "maxmemory-samples": 9,
        "client-output-buffer-limit": ["normal 1mb 0 60", "pubsub 1mb 0 60"],
        "slowlog-log-slower-than": 5,
        "list-max-listpack-size": 4,
        "latency-tracking-info-percentiles": "50 90",
        "shutdown-on-sigterm": "nosave",
        "oom-score-adj-values": "1 2 3",
        "auto-aof-rewrite-min-size": "1gb",
        "notify-keyspace-events": "KEA",
    }
    named = versions.Server(server.family, server.version_key)
    before, now = (Declaration(name="shop", persistence="none", config=each) for each in (config, {}))
    fresh = settings(members[0], *config)
    first = live.wished(before, named, [])
    succeed(members, directives=first)
    assert not succeed(members, directives=first).changed
    changed = settings(members[0], *config)
    assert {name for name in config if changed[name] == fresh[name]} == {"activedefrag"}

    succeed(members, directives=live.wished(now, named, [declared.declared(before)]))
    last = settings(members[0], *config)
    # The collection has a limit of its own for replicas.
    assert last.pop("client-output-buffer-limit").startswith("normal 0 0 0 slave ")
    assert last == {name: value for name, value in fresh.items() if name in last}
