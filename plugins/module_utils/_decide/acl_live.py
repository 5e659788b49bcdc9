# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACL users of running servers compared with the wished ones. Pure; PRIVATE to the collection.

Servers show rules in words of their own (Redis 7.0 lists the commands that it thinks describe the rules
best), so rules are compared by what they allow, over the commands that the server itself names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import User
from ansible_collections.k8sredis.core.plugins.module_utils._model import Plan, Step

REASON_ABSENT = "the user does not exist there"
REASON_DIFFERS = "the user is another there"
REASON_UNDECLARED = "nobody declared the user"

Catalog = Mapping[str, frozenset[str]]
"""Categories, without @, by command; subcommands as ``config|get``."""


@dataclass(frozen=True)
class Seen:
    """ACL GETUSER."""

    flags: frozenset[str]
    hashes: frozenset[str]
    commands: tuple[str, ...]
    keys: frozenset[str]
    channels: frozenset[str]
    selectors: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    """Commands and channels of each."""


LISTENS = ((frozenset(("-@all", *acl.LISTENING)), frozenset(acl.ALL_CHANNELS)),)
"""Seen of a user who may listen to all channels."""


@dataclass(frozen=True)
class Server:
    """The users of one pod, by name, and what its server can do; without ``catalog`` rules are compared as text."""

    users: Mapping[str, Seen]
    catalog: Catalog | None = None


def seen(reply: Sequence[Any]) -> Seen:
    """ACL GETUSER of Redis and Valkey since 7.0: a flat list of names and values."""
    fields = dict(zip(reply[::2], reply[1::2], strict=True))
    return Seen(
        flags=frozenset(fields["flags"]),
        hashes=frozenset(fields["passwords"]),
        commands=tuple(fields["commands"].split()),
        keys=frozenset(fields["keys"].split()),
        channels=frozenset(fields["channels"].split()),
        selectors=tuple(map(_selector, fields.get("selectors") or ())),
    )


def _selector(reply: Sequence[Any]) -> tuple[frozenset[str], frozenset[str]]:
    fields = dict(zip(reply[::2], reply[1::2], strict=True))
    return frozenset(fields["commands"].split()), frozenset(fields["channels"].split())


def names(acl_list: Iterable[str]) -> list[str]:
    """User names of ACL LIST: ``user <name> <rule>...``."""
    return [line.split(" ", 2)[1] for line in acl_list]


def catalog(reply: Iterable[Sequence[Any]]) -> dict[str, frozenset[str]]:
    """COMMAND since 7.0. A command that only holds subcommands can't be sent itself and is left out."""
    found: dict[str, frozenset[str]] = {}
    for entry in reply:
        subcommands = catalog(entry[9])
        found |= subcommands or {entry[0]: frozenset(category.lstrip("@") for category in entry[6])}
    return found


def allowed(rules: Iterable[str], commands: Catalog) -> frozenset[str]:
    """The commands that ``+`` and ``-`` rules allow, taken in their order, starting from none."""
    now: frozenset[str] = frozenset()
    for rule in rules:
        word = {"allcommands": "+@all", "nocommands": "-@all"}.get(rule.lower(), rule.lower())
        named = _named(word[1:], commands)
        now = now | named if word[0] == "+" else now - named
    return now


def _named(word: str, commands: Catalog) -> frozenset[str]:
    if word == "@all":
        return frozenset(commands)
    if word[:1] == "@":
        return frozenset(name for name, categories in commands.items() if word[1:] in categories)
    return frozenset(name for name in commands if name == word or name.startswith(f"{word}|"))


def needs_catalog(wished: Iterable[User], server: Server) -> bool:
    """Whether some rules differ as text, so that only their meaning can tell."""
    return any(user.name in server.users and not _same_text(user, server.users[user.name]) for user in wished)


def differences(user: User, there: Seen, commands: Catalog | None) -> list[str]:
    """What of a user is another than wished, in words."""
    found = []
    if user.enabled != ("on" in there.flags):
        found.append("state")
    if frozenset(user.hashes) != there.hashes or "nopass" in there.flags:
        found.append("password")
    if not _same_text(user, there) and (commands is None or not _same_meaning(user, there, commands)):
        found.append("commands")
    if frozenset(user.keys) != there.keys:
        found.append("keys")
    if frozenset(user.channels) != there.channels or (user.listens and there.selectors != LISTENS):
        found.append("channels")
    if (there.selectors and not user.listens) or "skip-sanitize-payload" in there.flags:
        found.append("rules made by hand")
    return found


def _same_text(user: User, there: Seen) -> bool:
    return there.commands == tuple(dict.fromkeys((_base(user.commands), *user.commands)))


def _base(commands: tuple[str, ...]) -> str:
    return "+@all" if commands[:1] == ("+@all",) else "-@all"


def _same_meaning(user: User, there: Seen, commands: Catalog) -> bool:
    return allowed(user.commands, commands) == allowed(there.commands, commands)


def plan(wished: Sequence[User], servers: Mapping[str, Server]) -> Plan:
    """Steps that bring the users of every pod to the wish; first what is added, then what goes.

    A user that goes loses its connections, as it should; all others stay logged in.
    """
    added = [step for pod, server in servers.items() for user in wished for step in _bring(pod, user, server)]
    declared = {user.name for user in wished}
    gone = [
        _remove(pod, name) for pod, server in servers.items() for name in sorted(server.users) if name not in declared
    ]
    return Plan((*added, *gone))


def _bring(pod: str, user: User, server: Server) -> list[Step]:
    if user.name not in server.users:
        text = f"{pod}: create user {user.name}"
        return [Step("user", pod, text, REASON_ABSENT, (acl.set_user(user),))]
    parts = differences(user, server.users[user.name], server.catalog)
    if not parts:
        return []
    text = f"{pod}: change {', '.join(parts)} of user {user.name}"
    return [Step("user", pod, text, REASON_DIFFERS, (acl.set_user(user),))]


def _remove(pod: str, name: str) -> Step:
    return Step("user", pod, f"{pod}: remove user {name}", REASON_UNDECLARED, (("ACL", "DELUSER", name),))
