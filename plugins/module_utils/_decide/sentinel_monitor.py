# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes every Sentinel watch the same master with the same settings, or none of them. Pure; PRIVATE to the
collection.

1. The master is whom more than half of the Sentinels name. When fewer watch any, it is the one that is named by the
   task, and the servers must bear it out: it is master, and all others follow it. No Sentinel is ever told of another
   master than that: to change the master is a failover.
2. A Sentinel that watches nothing of that name is told of it.
3. One that is alone with another master is told to forget that and watch the master; what it knew of replicas and of
   other Sentinels it learns again within seconds. Not when it may be the first to know: the one that has led a failover
   is alone with the new master for two seconds, and its epoch is higher.
4. Settings that differ are set. What the task does not name stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, table, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch

REASON_NEW = "it does not watch it yet"
REASON_ALONE = "it is alone with another master"
REASON_DIFFERS = "it is not as wished"
REASON_PASSWORD = "it is asked for, and no Sentinel says what it has"
REASON_ABSENT = "it is to be watched no longer"


@dataclass(frozen=True)
class Monitor:
    """How the master is to be watched. ``settings``: by their names in SENTINEL SET, ``quorum`` among them or not."""

    master: str = ""
    """The server that is the master, for Sentinels of which no majority watches one."""
    settings: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str, str] = ("", "")
    """User and password by which Sentinels log in to the servers; empty: as it is."""
    set_login: bool = False
    """Whether it is set also where the master is watched already."""


def present(watch: Watch, wish: Monitor) -> Plan:
    _require_answers(watch)
    if int(wish.settings.get("quorum", 0)) > len(watch.sentinels):
        raise Refused(
            f"Cannot use the quorum {wish.settings['quorum']}: there are {len(watch.sentinels)} Sentinels, so nobody "
            "would ever fail over; use their majority."
        )
    master = _master(watch, wish.master)
    return Plan(tuple(step for sentinel in watch.sentinels for step in _steps(watch, sentinel, master, wish)))


def absent(watch: Watch) -> Plan:
    _require_answers(watch)
    return Plan(
        tuple(
            Step("remove", each.name, f"{each.name} forgets {watch.master_name}", REASON_ABSENT, (_remove(watch),))
            for each in watch.watching
        )
    )


def _require_answers(watch: Watch) -> None:
    silent = next((each for each in watch.sentinels if not each.answers), None)
    if silent is not None:
        raise Retryable(f"Cannot tell every Sentinel of {watch.master_name}: {silent.name}: {silent.error}; mend that.")


def _master(watch: Watch, named: str) -> Node:
    """Step 1."""
    if named and watch.server(named) is None:
        raise Refused(
            f"Cannot watch {named}: no server has that name; there are "
            f"{table.joined((server.name for server in watch.servers), most=12)}."
        )
    agreed = watched.agreed(watch)
    if agreed is None:
        return _borne_out(watch, named)
    if named and named != agreed.name:
        raise Refused(
            f"Cannot watch {named} as the master: most Sentinels take {agreed.name} for it; to change it, use "
            "'sentinel_failover'."
        )
    return agreed


def _borne_out(watch: Watch, named: str) -> Node:
    master = watch.server(named)
    if master is None:
        raise Refused(
            f"Cannot tell who the master of {watch.master_name} is: no majority of the Sentinels watches one; name it "
            "by 'master'."
        )
    if not master.answers or not watched.is_master(master):
        why = master.error or "it is a replica"
        raise Refused(f"Cannot watch {named} as the master: {why}; look at 'sentinel_info' and name the one that is.")
    others = [each for each in watch.servers if each is not master]
    strange = next((each for each in others if not each.answers or watched.followed(watch, each) is not master), None)
    if strange is not None:
        why = strange.error or ("is a master too" if watched.is_master(strange) else "follows another one")
        raise Refused(
            f"Cannot watch {named} as the master: {strange.name} {why}, and may have newer data; let it follow {named} "
            "or leave it out."
        )
    return master


def _steps(watch: Watch, sentinel: Sentinel, master: Node, wish: Monitor) -> Iterator[Step]:
    name = watch.master_name
    if sentinel.master is None or watched.named(watch, sentinel) is not master:
        _refuse_newer(watch, sentinel, master)
        forget = () if sentinel.master is None else (_remove(watch),)
        monitor = ("SENTINEL", "MONITOR", name, *_where(watch, master), wish.settings.get("quorum", _majority(watch)))
        settings = {key: value for key, value in wish.settings.items() if key != "quorum"}
        commands = (*forget, monitor, *_set(watch, {**_login(wish), **settings}))
        text = f"{sentinel.name} watches {master.name} as {name}"
        yield Step("monitor", sentinel.name, text, REASON_ALONE if forget else REASON_NEW, commands)
        return
    told = sentinel.master.fields
    differing = {key: value for key, value in wish.settings.items() if told.get(key) != value}
    if differing:
        text = f"{sentinel.name} has " + ", ".join(f"{key} {value}" for key, value in sorted(differing.items()))
        yield Step("set", sentinel.name, f"{text} for {name}", REASON_DIFFERS, _set(watch, differing))
    if wish.set_login and _login(wish):
        text = f"{sentinel.name} has another login to the servers of {name}"
        yield Step("login", sentinel.name, text, REASON_PASSWORD, _set(watch, _login(wish)))


def _refuse_newer(watch: Watch, sentinel: Sentinel, master: Node) -> None:
    """Step 3."""
    if sentinel.master is None:
        return
    named = watched.named(watch, sentinel)
    epochs = [each.master.number("config-epoch") for each in watch.watching if each is not sentinel and each.master]
    newer = sentinel.master.number("config-epoch") > max(epochs, default=0)
    if newer or (named is not None and watched.is_master(named)) or not watched.is_master(master):
        raise Retryable(
            f"Cannot tell {sentinel.name} of the master {master.name}: it names "
            f"{named.name if named else sentinel.master.host}, which may be a newer master; wait until the failover is "
            "over and run again."
        )


def _majority(watch: Watch) -> str:
    return str(len(watch.sentinels) // 2 + 1)


def _where(watch: Watch, master: Node) -> tuple[str, str]:
    """As the other Sentinels have it: they would not know each other by different addresses of one master."""
    others = (each.master for each in watch.watching if watched.named(watch, each) is master)
    known = next((each for each in others if each is not None), None)
    return (known.host, str(known.port)) if known else (watched.address(master.member), str(master.member.port))


def _login(wish: Monitor) -> dict[str, str]:
    user, password = wish.login
    return {key: value for key, value in (("auth-user", user), ("auth-pass", password)) if value}


def _set(watch: Watch, settings: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """One command: all of them or none."""
    words = tuple(word for pair in settings.items() for word in pair)
    return (("SENTINEL", "SET", watch.master_name, *words),) if words else ()


def _remove(watch: Watch) -> tuple[str, ...]:
    return ("SENTINEL", "REMOVE", watch.master_name)


def missing(watch: Watch, wish: Monitor) -> str:
    """What is still missing for it to be watched as wished by everybody; empty when nothing is."""
    found = sentinel_health.disagreement(watch)
    if found is not None:
        return found.text
    left = present(watch, Monitor(wish.master, wish.settings)).steps
    return f"not yet so: {left[0].text}" if left else ""
