# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACL users as file, as commands, and compared with what servers say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, acl_live, auth_secret, users
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import User
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl_live import Seen, Server
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.decide.declarations import application, others

PASSWORDS = {
    "tool-password": "t",
    "replication-password": "r",
    "probe-password": "p",
    "keeper-password": "k",
    "password": "a",
}
HASH = {key: acl.password_hash(value) for key, value in PASSWORDS.items()}

CATALOG = {
    "get": frozenset({"read", "fast"}),
    "set": frozenset({"write", "slow"}),
    "keys": frozenset({"read", "dangerous"}),
    "flushall": frozenset({"write", "dangerous"}),
    "config|get": frozenset({"admin", "dangerous"}),
    "config|set": frozenset({"admin", "dangerous"}),
}


def test_the_file() -> None:
    report = {
        "name": "report",
        "password": "x",
        "commands": ["+@read", "-keys"],
        "keys": ["r:*", "%R~s:*"],
        "channels": [],
    }
    made = auth_secret.users(PASSWORDS, application(), others(report))
    assert acl.text(made).splitlines() == [
        (
            f"user k8sredis-tool reset on sanitize-payload #{HASH['tool-password']} ~* -@all +ping +info +role +dbsize "
            "+command +config|get +config|set +client|id +client|list +cluster +acl|whoami +acl|list +acl|getuser "
            "+acl|setuser +acl|deluser +acl|dryrun +multi +exec +eval_ro +memory|usage +migrate +select "
            "+restore-asking +asking +dump "
            "+function|dump +function|restore +function|list +script|load +script|exists"
        ),
        (
            f"user k8sredis-replication reset on sanitize-payload #{HASH['replication-password']} -@all +ping +psync "
            "+sync +replconf"
        ),
        (
            f"user k8sredis-probe reset on sanitize-payload #{HASH['probe-password']} -@all +ping +info +role "
            "+cluster|info "
            "+cluster|nodes +cluster|myid"
        ),
        (
            f"user k8sredis-keeper reset on sanitize-payload #{HASH['keeper-password']} -@all +ping +info "
            "+cluster|info +cluster|nodes +cluster|meet +cluster|replicate +cluster|failover "
            "+client|pause +client|unpause"
        ),
        (
            f"user default reset on sanitize-payload #{HASH['password']} ~* &* -@all +@all -@admin -@dangerous +info "
            "+keys +role +sort"
        ),
        f"user report reset on sanitize-payload #{acl.password_hash('x')} ~r:* %R~s:* -@all +@read -keys",
    ]


def test_a_named_application_user_comes_with_a_default_user_that_is_off() -> None:
    made = auth_secret.users(PASSWORDS, application(application_user="shop"), ())
    lines = acl.text(made).splitlines()
    assert lines[0] == "user default reset off sanitize-payload -@all"
    assert lines[-1].startswith("user shop reset on sanitize-payload #")


def test_only_with_valkey_the_user_of_replicas_may_write() -> None:
    """Its atomic slot migration replays commands as that user; it may still not change who is in the cluster."""
    lines = {
        family: acl.text(auth_secret.users(PASSWORDS, application(), (), family)).splitlines()[1]
        for family in ("redis", "valkey")
    }
    assert "~*" not in lines["redis"]
    assert " ~* &* -@all +ping +psync +sync +replconf +@write -flushall " in lines["valkey"]
    assert " +cluster -cluster|addslots " in lines["valkey"]
    assert lines["valkey"].endswith("-cluster|set-config-epoch")


def test_what_people_see_of_the_file_has_no_hash() -> None:
    text = acl.text(auth_secret.users(PASSWORDS, application(), ()))
    shown = acl.shown(text)
    assert "user default reset on sanitize-payload <password> ~* &* -@all +@all" in shown
    assert not any(each in shown for each in HASH.values())


@pytest.mark.parametrize("word", ["#canary", ">canary", "<canary", "!canary"])
@pytest.mark.parametrize("gap", [" ", "\t", "  "])
def test_what_was_written_into_the_file_by_hand_is_hidden_too(word: str, gap: str) -> None:
    assert acl.shown(f"user a on{gap}{word} ~a#b\n") == f"user a on{gap}<password> ~a#b\n"


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("*", "~*"),
        ("app:*", "~app:*"),
        ("~app:*", "~app:*"),
        ("%R~app:*", "%R~app:*"),
        ("%w~app:*", "%W~app:*"),
        ("%RW~app:*", "~app:*"),
        ("%x~app", "~%x~app"),
    ],
)
def test_patterns_of_keys(pattern: str, rule: str) -> None:
    assert application(application_keys=[pattern]).keys == (rule,)


def test_a_pattern_for_everything_stands_alone() -> None:
    login = application(application_keys=["app:*", "*"], application_channels=["&news", "*", "news"])
    assert (login.keys, login.channels) == (("~*",), ("&*",))


def test_an_empty_list_allows_nothing_and_no_list_what_applications_may() -> None:
    (nothing,) = others({"name": "a", "password": "x", "commands": [], "keys": [], "channels": []})
    assert (nothing.commands, nothing.keys, nothing.channels) == ((), (), ())
    (default,) = others({"name": "a", "password": "x", "commands": None})
    assert (default.commands, default.keys, default.channels) == (acl.APPLICATION_COMMANDS, ("~*",), ("&*",))


WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    name=WORD, commands=st.lists(WORD, max_size=3), keys=st.lists(WORD, max_size=3), channels=st.lists(WORD, max_size=3)
)
def test_what_is_accepted_is_exactly_one_line_of_words_of_its_own_kind(
    name: str, commands: list[str], keys: list[str], channels: list[str]
) -> None:
    login = application(
        application_user=name, application_commands=commands, application_keys=keys, application_channels=channels
    )
    if users.problems(login, (), None):
        return
    line = acl.text([login.user(("0" * 64,))])
    assert line.count("\n") == 1
    assert len(line.splitlines()) == 1
    words = line.rstrip("\n").split(" ")
    assert words[:5] == ["user", name, "reset", "on", "sanitize-payload"]
    kinds = [word[0] for word in words[5:]]
    assert set(kinds) <= {"#", "~", "%", "&", "+", "-", "a", "n"}
    assert "nopass" not in words
    assert kinds.count("#") == 1


def seen_as(user: User, **given: Any) -> Seen:
    """GETUSER of a server that shows rules as they were given."""
    values = {
        "flags": frozenset({"on", "sanitize-payload"}),
        "hashes": frozenset(user.hashes),
        "commands": ("-@all", *user.commands),
        "keys": frozenset(user.keys),
        "channels": frozenset(user.channels),
    }
    return Seen(**{**values, **given})


READER = User("reader", ("h",), ("+@read", "-keys"), ("~a", "~b"), ("&c",))


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({}, []),
        ({"flags": frozenset({"on"})}, []),
        ({"keys": frozenset({"~b", "~a"})}, []),
        ({"flags": frozenset({"off"})}, ["state"]),
        ({"flags": frozenset({"on", "nopass"})}, ["password"]),
        ({"hashes": frozenset({"h", "i"})}, ["password"]),
        ({"hashes": frozenset()}, ["password"]),
        ({"commands": ("-@all", "+get")}, []),
        ({"commands": ("+@all", "-set", "-keys", "-flushall", "-config")}, []),
        ({"commands": ("-@all", "+get", "+config|get")}, ["commands"]),
        ({"commands": ("-@all",)}, ["commands"]),
        ({"keys": frozenset({"~a"})}, ["keys"]),
        ({"channels": frozenset({"&*"})}, ["channels"]),
        ({"selectors": acl_live.LISTENS}, ["rules made by hand"]),
        ({"flags": frozenset({"on", "skip-sanitize-payload"})}, ["rules made by hand"]),
    ],
)
def test_differences(given: dict[str, Any], parts: list[str]) -> None:
    assert acl_live.differences(READER, seen_as(READER, **given), CATALOG) == parts


def test_without_a_catalog_other_words_are_a_difference() -> None:
    other = Server({"reader": seen_as(READER, commands=("-@all", "+get"))})
    assert acl_live.needs_catalog([READER], other)
    assert acl_live.differences(READER, other.users["reader"], None) == ["commands"]
    assert not acl_live.needs_catalog([READER], Server({"reader": seen_as(READER)}))


@pytest.mark.parametrize(
    ("rules", "commands"),
    [
        (["+@all"], set(CATALOG)),
        (["allcommands", "-@dangerous"], {"get", "set"}),
        (["+@all", "-@all", "+GET"], {"get"}),
        (["+config"], {"config|get", "config|set"}),
        (["+config", "-config|set"], {"config|get"}),
        (["+@write", "-flushall", "+nosuch"], {"set"}),
        (["+@all", "nocommands"], set()),
    ],
)
def test_what_rules_allow(rules: list[str], commands: set[str]) -> None:
    assert acl_live.allowed(rules, CATALOG) == commands


def test_replies() -> None:
    reply = [
        *("flags", ["on", "sanitize-payload"], "passwords", ["h"], "commands", "-@all +get", "keys", "~a %R~b"),
        *("channels", "&c", "databases", "alldbs", "selectors", []),
    ]
    assert acl_live.seen(reply) == Seen(
        frozenset({"on", "sanitize-payload"}),
        frozenset({"h"}),
        ("-@all", "+get"),
        frozenset({"~a", "%R~b"}),
        frozenset({"&c"}),
    )
    assert acl_live.names(["user default on nopass ~* &* +@all", "user app off -@all"]) == ["default", "app"]
    entry = ["get", 2, [], 1, 1, 1, ["@read", "@fast"], [], [], []]
    container = [
        "config",
        -2,
        [],
        0,
        0,
        0,
        ["@slow"],
        [],
        [],
        [["config|get", -3, [], 0, 0, 0, ["@admin"], [], [], []]],
    ]
    assert acl_live.catalog([entry, container]) == {
        "get": frozenset({"read", "fast"}),
        "config|get": frozenset({"admin"}),
    }


def test_the_plan() -> None:
    servers = {
        "shop-0-0": Server({"reader": seen_as(READER)}),
        "shop-0-1": Server({"reader": seen_as(READER, hashes=frozenset({"old"})), "intruder": seen_as(READER)}),
        "shop-1-0": Server({}),
    }
    plan = acl_live.plan([READER], servers)
    assert [(step.subject, step.text, step.reason) for step in plan.steps] == [
        ("shop-0-1", "shop-0-1: change password of user reader", "the user is another there"),
        ("shop-1-0", "shop-1-0: create user reader", "the user does not exist there"),
        ("shop-0-1", "shop-0-1: remove user intruder", "nobody declared the user"),
    ]
    assert plan.steps[0].commands == (
        (
            "ACL",
            "SETUSER",
            "reader",
            "reset",
            "on",
            "sanitize-payload",
            "#h",
            "~a",
            "~b",
            "&c",
            "-@all",
            "+@read",
            "-keys",
        ),
    )
    assert plan.steps[2].commands == (("ACL", "DELUSER", "intruder"),)


def test_passwords_are_given_kept_or_made_once() -> None:
    numbers = iter("123456")
    made = auth_secret.passwords({}, application(), lambda: next(numbers))
    system = {"tool-password": "1", "replication-password": "2", "probe-password": "3", "keeper-password": "4"}
    assert made == {**system, "password": "5"}
    assert auth_secret.passwords(made, application(), lambda: next(numbers)) == made
    given = auth_secret.passwords(made, application(application_password="given"), lambda: next(numbers))
    assert given == {**made, "password": "given"}


@pytest.mark.parametrize(
    ("there", "password", "message"),
    [
        (
            {},
            None,
            (
                "Cannot make new passwords for Secret shop-auth: it has no tool-password and no "
                "replication-password and no probe-password and no password, but shop-0-0 runs with them; restore "
                "the Secret, or stop the pods."
            ),
        ),
        (
            {key: "x" for key in PASSWORDS if key != "password"},
            None,
            (
                "Cannot make new passwords for Secret shop-auth: it has no password, but shop-0-0 runs with them; "
                "restore the Secret, or stop the pods."
            ),
        ),
        ({key: "x" for key in PASSWORDS if key != "password"}, "given", None),
        (dict.fromkeys(PASSWORDS, "x"), None, None),
        ({key: "x" for key in PASSWORDS if key != "keeper-password"}, None, None),
    ],
)
def test_lost_passwords(there: dict[str, str], password: str | None, message: str | None) -> None:
    login = application(application_password=password)
    auth_secret.check_kept("shop-auth", there, login, [])
    if message is None:
        auth_secret.check_kept("shop-auth", there, login, ["shop-0-0"])
        return
    with pytest.raises(Refused) as refused:
        auth_secret.check_kept("shop-auth", there, login, ["shop-0-0"])
    assert str(refused.value) == message


def test_the_step_of_the_secret() -> None:
    before = auth_secret.body("shop-auth", "web", {"a": "1"}, {}, {"password": "x", "users.acl": "u"})
    assert auth_secret.step("shop-auth", before, before) is None
    new = auth_secret.step("shop-auth", None, before)
    assert new is not None
    assert new.text == "create Secret shop-auth"
    after = auth_secret.body("shop-auth", "web", {"a": "2"}, {}, {"password": "y", "users.acl": "u"})
    changed = auth_secret.step("shop-auth", before, after)
    assert changed is not None
    assert changed.text == "change password, labels of Secret shop-auth"
    assert "y" not in repr(replace(changed, text="", kind=""))


def test_applications_do_not_speak_in_the_sentinels_name() -> None:
    plain = User("app", ("h",), ("+@all",), acl.ALL_KEYS, acl.ALL_CHANNELS)
    user = acl.apart_from_sentinels(plain)
    assert user.rules == (
        *("on", "~*", "&[^_]*", "&_[^_]*", "&__[^s]*", "-@all", "+@all"),
        "(&* +subscribe +psubscribe +ssubscribe +unsubscribe +punsubscribe +sunsubscribe)",
    )
    narrow = User("app", ("h",), ("+@all",), acl.ALL_KEYS, ("&news",))
    assert acl.apart_from_sentinels(narrow) == narrow

    there = seen_as(user, selectors=acl_live.LISTENS)
    assert acl_live.differences(user, there, CATALOG) == []
    assert acl_live.differences(user, seen_as(user), CATALOG) == ["channels"]
    assert acl_live.differences(user, seen_as(plain), CATALOG) == ["channels"]


def test_selectors_of_a_server() -> None:
    listening = "-@all +subscribe +psubscribe +ssubscribe +unsubscribe +punsubscribe +sunsubscribe"
    reply = [
        *("flags", ["on"], "passwords", [], "commands", "-@all", "keys", "", "channels", ""),
        *("selectors", [["commands", listening, "keys", "", "channels", "&*"]]),
    ]
    assert acl_live.seen(reply).selectors == acl_live.LISTENS


def test_the_users_where_sentinels_are() -> None:
    hashes = [letter * 64 for letter in "abcde"]
    names = [user.name for user in acl.watched_users(*hashes)]
    assert names == [acl.TOOL, acl.REPLICATION, acl.PROBE, acl.KEEPER, acl.WATCH]
    assert [user.name for user in acl.sentinel_users(*hashes[:4])] == [acl.TOOL, acl.PEER, acl.PROBE, acl.KEEPER]
