# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every user can do what it must and cannot do the rest; users change live and nobody is cut off."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import redis
from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, auth_secret
from ansible_collections.k8sredis.core.plugins.module_utils._execute import users as execution
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.integration import modules, servers_say
from tests.integration.users import (
    PASSWORDS,
    SECRET,
    TOOL,
    acl_file,
    application,
    as_user,
    keep,
    kube_with,
    other,
    servers,
)
from tests.loopback import Process
from tests.servers import Server

PROBE = as_user(acl.PROBE, "probe-password")
REPLICATION = as_user(acl.REPLICATION, "replication-password")
WISH = {"shards": 3, "replicas": 1, "node_timeout": 5000, "replica_sync_delay": 0}

MAY = {
    acl.TOOL: [
        *("PING", "INFO", "ROLE", "DBSIZE", "CLUSTER NODES", "CLUSTER INFO", "CLUSTER MYID", "CLUSTER LINKS"),
        *("CLUSTER COUNTKEYSINSLOT 1", "CONFIG GET save", "ACL WHOAMI", "ACL LIST", "ACL GETUSER default"),
        *("CLIENT ID", "CLIENT LIST", "COMMAND", "ACL DRYRUN default PING"),
        *("CLUSTER SETSLOT 1 STABLE", "CLUSTER GETKEYSINSLOT 1 1", "MIGRATE 127.0.0.1 1 key 0 1", "DUMP key"),
        *("EVAL_RO return(1) 0", "MEMORY USAGE key", "SCRIPT EXISTS x", "FUNCTION LIST"),
    ],
    acl.PROBE: ["PING", "INFO", "ROLE", "CLUSTER INFO", "CLUSTER NODES", "CLUSTER MYID"],
    acl.KEEPER: [
        *(
            "PING",
            "INFO",
            "CLUSTER INFO",
            "CLUSTER NODES",
            "CLUSTER MEET x 1",
            "CLUSTER REPLICATE x",
            "CLUSTER FAILOVER",
        ),
    ],
    acl.REPLICATION: ["PING", "REPLCONF listening-port 1"],
    acl.DEFAULT: [
        *("PING", "SET key value", "GET key", "INFO", "KEYS *", "SORT list", "EVAL return(1) 0", "SUBSCRIBE news"),
        *("CLUSTER SLOTS", "CLUSTER SHARDS", "COMMAND COUNT"),
    ],
}
MAY_NOT = {
    acl.TOOL: ["GET key", "SET key value", "DEL key", "KEYS *", "FLUSHALL", "SHUTDOWN", "MONITOR", "EVAL return(1) 0"],
    acl.PROBE: ["GET key", "CONFIG GET masterauth", "ACL LIST", "CLUSTER MEET 127.0.0.1 1", "CLUSTER RESET", "KEYS *"],
    acl.KEEPER: [
        *(
            "GET key",
            "CONFIG GET masterauth",
            "ACL LIST",
            "CLUSTER RESET",
            "CLUSTER FORGET x",
            "CLUSTER SETSLOT 1 STABLE",
        ),
        *("CLUSTER ADDSLOTS 1", "KEYS *", "SHUTDOWN", "CLIENT LIST", "DBSIZE"),
    ],
    acl.REPLICATION: ["GET key", "SET key value", "INFO", "CONFIG GET save", "CLUSTER NODES", "ACL LIST"],
    acl.DEFAULT: [
        *("FLUSHALL", "CONFIG GET save", "CONFIG SET save x", "ACL LIST", "SHUTDOWN", "MONITOR", "CLUSTER RESET"),
        *("CLUSTER MEET 127.0.0.1 1", "MODULE LIST", "REPLICAOF NO ONE", "CLIENT KILL ID 1"),
    ],
}
KEY = {
    acl.TOOL: "tool-password",
    acl.PROBE: "probe-password",
    acl.KEEPER: "keeper-password",
    acl.REPLICATION: "replication-password",
    acl.DEFAULT: "password",
}


REPORTS = {"GET report:1": True, "GET shared:1": True, "GET other": False, "SET report:1 x": False, "KEYS *": False}


def client(member: Process, username: str | None, password: str | None) -> redis.Redis:
    connection = redis.Redis(
        host=member.host,
        port=member.port,
        username=username,
        password=password,
        decode_responses=True,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
    )
    connection.response_callbacks.clear()
    return connection


def is_permitted(connection: redis.Redis, command: str) -> bool:
    try:
        connection.execute_command(*command.split())
    except redis.exceptions.NoPermissionError:
        return False
    except redis.ResponseError:
        return True  # It was let through, and failed for a reason of its own.
    return True


@pytest.mark.parametrize("name", [acl.TOOL, acl.PROBE, acl.KEEPER, acl.REPLICATION, acl.DEFAULT])
def test_each_user_may_do_what_it_must_and_nothing_else(server: Server, name: str, tmp_path: Path) -> None:
    with servers(server, 1, acl_file(application()), tmp_path) as (member,):
        password = PASSWORDS[KEY[name]]
        may = {command: is_permitted(client(member, name, password), command) for command in MAY[name]}
        may_not = {command: is_permitted(client(member, name, password), command) for command in MAY_NOT[name]}
        assert may == dict.fromkeys(MAY[name], True)
        assert may_not == dict.fromkeys(MAY_NOT[name], False)


def test_nobody_gets_in_without_a_password(server: Server, tmp_path: Path) -> None:
    with servers(server, 1, acl_file(application()), tmp_path) as (member,):
        with pytest.raises(redis.AuthenticationError):
            client(member, None, None).ping()
        # A client that knows a password only is the application.
        assert client(member, None, PASSWORDS["password"]).ping()


def test_a_named_application_user_switches_default_off(server: Server, tmp_path: Path) -> None:
    with servers(server, 1, acl_file(application(application_user="shop")), tmp_path) as (member,):
        assert client(member, "shop", PASSWORDS["password"]).ping()
        for username in (None, "default"):
            with pytest.raises(redis.AuthenticationError):
                client(member, username, PASSWORDS["password"]).ping()
        with pytest.raises(redis.AuthenticationError):
            client(member, None, None).ping()


def test_the_tools_user_makes_a_cluster_and_the_replications_user_fills_it(server: Server, tmp_path: Path) -> None:
    login = {"redis_username": TOOL["username"], "redis_password": TOOL["password"]}
    with servers(server, 6, acl_file(application()), tmp_path) as members:
        results = modules.create(members, **WISH, **login)
        servers_say.assert_converged(members, 3, 1)
        (doctor,) = modules.succeed(["cluster_info"], members, shards=3, replicas=1, **login)
        assert doctor.values["cluster"]["healthy"], doctor.values["findings"]
        assert [result.changed for result in modules.succeed(modules.CREATE, members, **WISH, **login)] == [False] * 3
        for password in PASSWORDS.values():
            assert password not in "".join(result.output for result in [*results, doctor])


def own_channel(server: Server) -> list[str]:
    """The option by which a full synchronisation takes a second connection, where the server has it."""
    if server.family == "valkey":
        return ["--dual-channel-replication-enabled", "yes"]
    return ["--repl-rdb-channel", "yes"] if server.version_key >= (8,) else []


@pytest.mark.parametrize("channel", ["one connection", "a connection of its own"])
def test_nothing_is_denied_to_the_users_of_the_collection(server: Server, channel: str, tmp_path: Path) -> None:
    options = own_channel(server) if channel == "a connection of its own" else []
    if channel == "a connection of its own" and not options:
        pytest.skip(f"{server.family} {server.version} synchronises over one connection only")
    login = {"redis_username": TOOL["username"], "redis_password": TOOL["password"]}
    text = acl_file(application(), [other("admin", commands=["+@all"])])
    with servers(server, 6, text, tmp_path, options) as members:
        modules.create(members, **WISH, **login)
        servers_say.assert_converged(members, 3, 1)
        modules.succeed(["cluster_info"], members, shards=3, replicas=1, **login)
        keep(members, kube_with(text), application(), [other("admin", commands=["+@all"])])
        denied = {
            entry for member in members for entry in denials(client(member, "admin", "admin-password-0123456789"))
        }
        assert denied == set()


def denials(connection: redis.Redis) -> set[tuple[str, str]]:
    """Who was denied what."""
    entries = [dict(zip(entry[::2], entry[1::2], strict=True)) for entry in connection.execute_command("ACL", "LOG")]
    return {(entry["username"], entry["object"]) for entry in entries}


def test_users_change_live_and_nobody_is_cut_off(server: Server, tmp_path: Path) -> None:
    before = acl_file(application())
    report = other(
        "report", commands=["+@read", "+@connection", "-keys"], keys=["report:*", "%R~shared:*"], channels=[]
    )
    with servers(server, 6, before, tmp_path) as members:
        login = {"redis_username": TOOL["username"], "redis_password": TOOL["password"]}
        modules.create(members, **WISH, **login)
        kube = kube_with(before)
        links = replication(members)
        reader = client(members[0], None, PASSWORDS["password"])
        identity = client_id(reader)
        listener = client(members[0], None, PASSWORDS["password"]).pubsub()
        listener.subscribe("news")

        foreseen = keep(members, kube, application(application_commands=["+@all", "-@admin"]), [report], dry_run=True)
        assert not kube.writes
        assert {step.kind for step in foreseen.plan.steps} == {"user", "secret"}
        assert all(member.ask("ACL", "GETUSER", "report") is None for member in members)

        done = keep(members, kube, application(application_commands=["+@all", "-@admin"]), [report])
        assert done.plan.steps == foreseen.plan.steps
        assert len(done.plan.steps) == 2 * len(members) + 1
        again = keep(members, kube, application(application_commands=["+@all", "-@admin"]), [report])
        assert not again.plan.changed

        reporter = client(members[0], "report", "report-password-0123456789")
        assert {command: is_permitted(reporter, command) for command in REPORTS} == REPORTS
        assert is_permitted(reader, "SORT list")
        assert not is_permitted(reader, "CONFIG GET save")
        assert client_id(reader) == identity, "the application's connection was cut"
        client(members[0], None, PASSWORDS["password"]).publish("news", "hello")
        assert heard(listener) == "hello", "a subscriber was cut off"
        assert replication(members) == links, "a replica synchronised anew"
        servers_say.assert_converged(members, 3, 1)


def client_id(connection: redis.Redis) -> int:
    return int(connection.execute_command("CLIENT", "ID"))


def heard(listener: redis.client.PubSub) -> str | None:
    """The first message within 30 s."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        message = listener.get_message(ignore_subscribe_messages=True, timeout=0.1)
        if message:
            return str(message["data"])
    return None


def replication(members: Sequence[Process]) -> dict[str, tuple[str, ...]]:
    """Full synchronisations that a member has given, and the state of its own link."""
    return {
        member.endpoint: (
            servers_say.info(member, "stats")["sync_full"],
            servers_say.info(member, "stats")["sync_partial_ok"],
            servers_say.info(member, "replication").get("master_link_status", "-"),
        )
        for member in members
    }


def test_a_new_password_replaces_the_old_one(server: Server, tmp_path: Path) -> None:
    before = acl_file(application())
    with servers(server, 2, before, tmp_path) as members:
        kube = kube_with(before)
        done = keep(members, kube, application(application_password="another-password-0123"))
        assert [step.text for step in done.plan.steps] == [
            f"{members[0].endpoint}: change password of user default",
            f"{members[1].endpoint}: change password of user default",
            f"change password, users.acl of Secret {SECRET}",
        ]
        for member in members:
            assert client(member, None, "another-password-0123").ping()
            with pytest.raises(redis.AuthenticationError):
                client(member, None, PASSWORDS["password"]).ping()
        kept = auth_secret.data(kube.get(kube.path("secrets", SECRET)))
        assert kept["password"] == "another-password-0123"
        assert kept["users.acl"] == acl_file_with(application(), "another-password-0123")


def acl_file_with(login: object, password: str) -> str:
    passwords = {**PASSWORDS, "password": password}
    return acl.text(auth_secret.users(passwords, login, ()))  # type: ignore[arg-type]


def test_what_was_changed_by_hand_is_put_right(server: Server, tmp_path: Path) -> None:
    text = acl_file(application(), [other("report")])
    with servers(server, 1, text, tmp_path) as (member,):
        kube = kube_with(text)
        assert not keep([member], kube, application(), [other("report")]).plan.changed
        for words in (
            ("default", "nopass"),
            ("report", "+config", ">another"),
            (acl.PROBE, "~*", "&*"),
            (acl.REPLICATION, "off"),
            ("intruder", "on", "nopass", "~*", "+@all"),
            (acl.TOOL, "(+get ~x)"),
        ):
            member.ask("ACL", "SETUSER", *words)
        done = keep([member], kube, application(), [other("report")])
        name = member.endpoint
        assert [step.text for step in done.plan.steps] == [
            f"{name}: change rules made by hand of user {acl.TOOL}",
            f"{name}: change state of user {acl.REPLICATION}",
            f"{name}: change keys, channels of user {acl.PROBE}",
            f"{name}: change password of user default",
            f"{name}: change password, commands of user report",
            f"{name}: remove user intruder",
        ]
        assert not keep([member], kube, application(), [other("report")]).plan.changed


def test_rules_that_a_server_does_not_know_never_reach_the_file(server: Server, tmp_path: Path) -> None:
    text = acl_file(application())
    with servers(server, 1, text, tmp_path) as (member,):
        kube = kube_with(text)
        bad = application(application_commands=["+@all", "-nosuchcommand"])
        with pytest.raises(Refused) as refused:
            keep([member], kube, bad)
        assert str(refused.value) == (
            f"Cannot change user 'default' on {member.endpoint}: it answered 'Error in ACL SETUSER modifier "
            "'-nosuchcommand': Unknown command or category name in ACL'; correct the rules of that user."
        )
        assert kube.writes == 0
        assert client(member, None, PASSWORDS["password"]).ping()


def test_lost_passwords_of_running_servers_are_not_made_anew(server: Server, tmp_path: Path) -> None:
    text = acl_file(application())
    with servers(server, 1, text, tmp_path) as (member,):
        kube = kube_with(text)
        del kube.objects[kube.path("secrets", SECRET)]["data"]["replication-password"]
        with pytest.raises(Refused) as refused:
            keep([member], kube, application())
        assert str(refused.value) == (
            f"Cannot make new passwords for Secret {SECRET}: it has no replication-password, but {member.endpoint} "
            "runs with them; restore the Secret, or stop the pods."
        )
        assert kube.writes == 0


class KilledError(BaseException):
    """The end of a run that is not asked."""


def test_a_run_killed_at_any_step_is_taken_up(server: Server, tmp_path: Path) -> None:
    text = acl_file(application())
    rotated = application(application_password="another-password-0123", application_commands=["+@read"])
    with servers(server, 2, text, tmp_path) as members:
        kube = kube_with(text)

        def die() -> None:
            raise KilledError

        kube.before_write = die
        # Half of the servers have changed, then all of them, but the Secret has not.
        for changed in (members[:1], members):
            with pytest.raises(KilledError):
                keep(changed, kube, rotated)
        assert auth_secret.data(kube.get(kube.path("secrets", SECRET)))["password"] == PASSWORDS["password"]
        kube.before_write = lambda: None
        done = keep(members, kube, rotated)
        assert [step.text for step in done.plan.steps] == [f"change password, users.acl of Secret {SECRET}"]
        assert not keep(members, kube, rotated).plan.changed
        assert is_permitted(client(members[1], None, "another-password-0123"), "EXISTS key")


def test_a_server_that_does_not_answer_is_named_and_the_others_are_brought_up_to_date(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "ANSWERS_WITHIN", 0.1)
    text = acl_file(application())
    with servers(server, 2, text, tmp_path) as members:
        kube = kube_with(text)
        members[0].kill()
        with pytest.raises(Retryable) as raised:
            keep(members, kube, application(), [other("report")])
        assert str(raised.value).startswith(f"Cannot bring the users of {members[0].endpoint} up to date: ")
        assert members[1].ask("ACL", "GETUSER", "report")
        assert "user report " in auth_secret.data(kube.get(kube.path("secrets", SECRET)))["users.acl"]
