# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACL users: who may do what, as file and as commands. Pure; PRIVATE to the collection.

Passwords are known here by their SHA-256 only. The rules are the same for every version of the servers:
a pod of the old version reads the same file while another already runs the new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

TOOL = "k8sredis-tool"
REPLICATION = "k8sredis-replication"
PROBE = "k8sredis-probe"
KEEPER = "k8sredis-keeper"
WATCH = "k8sredis-sentinel"
"""Sentinels at the servers."""
PEER = "k8sredis-peer"
"""Sentinels at each other."""
RESERVED_PREFIX = "k8sredis-"
DEFAULT = "default"
"""The user of clients that log in without a name."""

TOOL_COMMANDS = (
    *("+ping", "+info", "+role", "+dbsize", "+command", "+config|get", "+config|set", "+client|id", "+client|list"),
    "+cluster",
    *(f"+acl|{name}" for name in ("whoami", "list", "getuser", "setuser", "deluser", "dryrun")),
    *("+multi", "+exec", "+eval_ro", "+memory|usage", "+migrate", "+select", "+restore-asking"),
    *("+asking", "+dump"),
    *("+function|dump", "+function|restore", "+function|list", "+script|load", "+script|exists"),
)
"""What the modules send. With CONFIG SET and ACL SETUSER this user can do everything in two steps: its password is in
no pod. CLUSTER as a whole, because a server that does not know a subcommand such as MIGRATION refuses the whole file.
No CLIENT SETINFO for the same reason: Redis 7.0 does not know it."""

FAILOVER_COMMANDS = ("+replicaof", *(f"+client|{name}" for name in ("pause", "unpause", "kill")))
"""What a planned failover needs besides, where Sentinels are."""

REPLICATION_COMMANDS = ("+ping", "+psync", "+sync", "+replconf")

MIGRATION_COMMANDS = (
    *("+@write", "-flushall", "-flushdb", "-migrate", "+select", "+multi", "+exec", "+cluster"),
    *(
        f"-cluster|{name}"
        for name in (
            *("addslots", "addslotsrange", "delslots", "delslotsrange", "flushslots", "setslot", "bumpepoch"),
            *("failover", "forget", "meet", "replicate", "reset", "saveconfig", "set-config-epoch"),
        )
    ),
)
"""What Valkey's atomic slot migration (9.0) does on the target, logged in as the replication user: it opens by CLUSTER
SYNCSLOTS, which older servers do not know and which therefore cannot stand here by its name, and replays the keys as
commands (seen with 9.1.2). Redis 8.4 has a login of its own between nodes and needs none of this."""

PROBE_COMMANDS = ("+ping", "+info", "+role", "+cluster|info", "+cluster|nodes", "+cluster|myid")

KEEPER_COMMANDS = (
    "+ping",
    "+info",
    *(f"+cluster|{name}" for name in ("info", "nodes", "meet", "replicate", "failover")),
    "+client|pause",
    "+client|unpause",
)
"""What the scripts of the pods send to their own server and to others: ``gate``, ``keeper`` and ``prestop``. Apart from
the user of the probes, so that whoever is given that one to watch the servers cannot change anything."""

WATCH_COMMANDS = (
    *("+ping", "+info", "+role", "+publish", "+subscribe", "+multi", "+exec"),
    *("+slaveof", "+replicaof", "+failover"),
    *("+config|rewrite", "+client|setname", "+client|kill", "+client|pause", "+client|unpause", "+script|kill"),
)
"""As the documentation of Sentinel has it. FAILOVER is for the coordinated one of Valkey 9."""
HELLO = ("&__sentinel__:hello",)

SCRIPT_COMMANDS = ("+info", *FAILOVER_COMMANDS)
"""As KEEPER_COMMANDS, where Sentinels are: ``start``, ``gate`` and ``prestop``."""

SENTINEL_TOOL_COMMANDS = (
    *("+ping", "+info", "+role", "+command", "+client|id", "+client|list"),
    *(f"+sentinel|{name}" for name in ("myid", "master", "masters", "replicas", "sentinels", "ckquorum")),
    *(f"+sentinel|{name}" for name in ("monitor", "set", "remove", "reset", "failover", "get-master-addr-by-name")),
    *(f"+acl|{name}" for name in ("whoami", "list", "getuser", "setuser", "deluser", "dryrun")),
)
"""What the modules send. Not SENTINEL as a whole: Redis 7.0 shows it as rules that allow a little less (HELP), which no
run could ever mend."""
PEER_COMMANDS = ("+ping", "+publish", "+hello", "+sentinel|is-master-down-by-addr", "+client|setname")
SENTINEL_PROBE_COMMANDS = ("+ping", "+info", "+role", "+sentinel|get-master-addr-by-name")
SENTINEL_SCRIPT_COMMANDS = (
    "+ping",
    *(f"+sentinel|{name}" for name in ("get-master-addr-by-name", "master", "failover")),
)
SENTINEL_CLIENT_COMMANDS = (
    *("+@connection", "-@dangerous", "+info", "+role", "+command", "+subscribe", "+psubscribe", "+unsubscribe"),
    *("+punsubscribe", *(f"+sentinel|{name}" for name in ("get-master-addr-by-name", "master", "masters"))),
    *(f"+sentinel|{name}" for name in ("replicas", "slaves", "sentinels", "myid", "ckquorum")),
)
"""What libraries ask Sentinels, as their documentation lists it."""

APPLICATION_COMMANDS = ("+@all", "-@admin", "-@dangerous", "+info", "+keys", "+role", "+sort")
"""INFO, KEYS, ROLE and SORT are 'dangerous' to the servers, but applications use them: ROLE is what a client asks a
master that Sentinels have named (coredis, redis-rb, Lettuce)."""
ALL_KEYS = ("~*",)
ALL_CHANNELS = ("&*",)
NOT_OF_SENTINELS = ("&[^_]*", "&_[^_]*", "&__[^s]*")
"""All channels but those that begin with ``__s``. Whoever may publish to ``__sentinel__:hello`` can tell Sentinels of
masters and of other Sentinels; the ACL knows no pattern that takes one channel away."""
LISTENING = ("+subscribe", "+psubscribe", "+ssubscribe", "+unsubscribe", "+punsubscribe", "+sunsubscribe")
"""Allowed for all channels: a pattern of PSUBSCRIBE must be one of the rules, letter by letter."""


PASSWORD_RULE = re.compile(r"(?<!\S)[#><!]\S*")
"""A word that gives a password or takes one away, in plain (``>`` and ``<``) or as its hash (``#`` and ``!``)."""


@dataclass(frozen=True)
class User:
    """``hashes``: SHA-256 of each password, in hexadecimal digits. ``commands``, ``keys`` and ``channels`` as in
    an ACL rule: ``+get``, ``~app:*``, ``&news:*``."""

    name: str
    hashes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    enabled: bool = True
    listens: bool = False
    """Whether it may listen to all channels besides, in a selector of its own (since 7.0)."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Everything but the passwords."""
        selector = (f"({' '.join((*ALL_CHANNELS, *LISTENING))})",) if self.listens else ()
        return ("on" if self.enabled else "off", *self.keys, *self.channels, "-@all", *self.commands, *selector)


DISABLED_DEFAULT = User(DEFAULT, enabled=False)
"""Without a line for it in the file, the server's own is on, without a password and may do everything."""


def system_users(
    tool_hash: str, replication_hash: str, probe_hash: str, keeper_hash: str, *, family: str = "redis"
) -> tuple[User, ...]:
    """``family``: redis or valkey; an instance never changes it."""
    replication = (
        User(REPLICATION, (replication_hash,), REPLICATION_COMMANDS + MIGRATION_COMMANDS, ALL_KEYS, ALL_CHANNELS)
        if family == "valkey"
        else User(REPLICATION, (replication_hash,), REPLICATION_COMMANDS)
    )
    return (
        User(TOOL, (tool_hash,), TOOL_COMMANDS, ALL_KEYS),
        replication,
        User(PROBE, (probe_hash,), PROBE_COMMANDS),
        User(KEEPER, (keeper_hash,), KEEPER_COMMANDS),
    )


def apart_from_sentinels(user: User) -> User:
    """The same user, who cannot speak in the Sentinels' name."""
    return replace(user, channels=NOT_OF_SENTINELS, listens=True) if user.channels == ALL_CHANNELS else user


def watched_users(
    tool_hash: str, replication_hash: str, probe_hash: str, keeper_hash: str, watch_hash: str
) -> tuple[User, ...]:
    """Of servers that Sentinels watch."""
    return (
        User(TOOL, (tool_hash,), TOOL_COMMANDS + FAILOVER_COMMANDS, ALL_KEYS),
        User(REPLICATION, (replication_hash,), REPLICATION_COMMANDS),
        User(PROBE, (probe_hash,), PROBE_COMMANDS),
        User(KEEPER, (keeper_hash,), SCRIPT_COMMANDS),
        User(WATCH, (watch_hash,), WATCH_COMMANDS, channels=HELLO),
    )


def sentinel_users(tool_hash: str, peer_hash: str, probe_hash: str, keeper_hash: str) -> tuple[User, ...]:
    """Of Sentinels; that of the applications comes with them."""
    return (
        User(TOOL, (tool_hash,), SENTINEL_TOOL_COMMANDS),
        User(PEER, (peer_hash,), PEER_COMMANDS, channels=HELLO),
        User(PROBE, (probe_hash,), SENTINEL_PROBE_COMMANDS),
        User(KEEPER, (keeper_hash,), SENTINEL_SCRIPT_COMMANDS),
    )


def all_users(system: Iterable[User], application: User, others: Iterable[User]) -> tuple[User, ...]:
    """In the order of the file. A named application user turns ``default`` off."""
    default = () if application.name == DEFAULT else (DISABLED_DEFAULT,)
    return (*default, *system, application, *sorted(others, key=lambda user: user.name))


def password_hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def text(users: Iterable[User]) -> str:
    """users.acl."""
    return "".join(f"user {user.name} {' '.join(_words(user))}\n" for user in users)


def set_user(user: User) -> tuple[str, ...]:
    """ACL SETUSER that makes the user exactly this, in one step; who is logged in stays so."""
    return ("ACL", "SETUSER", user.name, *_words(user))


def _words(user: User) -> tuple[str, ...]:
    state, *rules = user.rules
    return ("reset", state, "sanitize-payload", *(f"#{each}" for each in user.hashes), *rules)


def shown(acl_file: str) -> str:
    """The file for people: no password, not even its hash, also where somebody wrote into it by hand."""
    return "".join(f"{PASSWORD_RULE.sub('<password>', line)}\n" for line in acl_file.splitlines())
