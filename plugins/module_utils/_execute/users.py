# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the users of an instance: in its Secret, for pods that start, and in the servers that run.
PRIVATE to the collection.

1. Read the Secret and the pods.
2. Passwords that running servers want but the Secret lost are refused, never made anew; so are those in the Secret
   that no server or file could take as they are.
3. Read the users of every server that runs.
4. Bring users that are missing or differ to the wish, on all servers at once, each by one ACL SETUSER. A
   rule that the servers do not know fails here, before it gets into the file that a pod starts with.
5. Remove users that nobody declared, by ACL DELUSER.
6. Read again; nothing may be left to do. Never ACL LOAD: on Redis 7.0 it cuts clients and the
   replication link, also for a file that did not change.
7. Apply the Secret.
A run killed in between leaves users that the next run compares again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, acl_live, auth_secret
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import User
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl_live import Server
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER
from ansible_collections.k8sredis.core.plugins.module_utils._decide.users import Login
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member, Plan, Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

ANSWERS_WITHIN = 30.0
"""Seconds for servers that run but do not take connections yet."""


@dataclass(frozen=True)
class Wanted:
    """The Secret as wished: its name, metadata, and whose passwords it holds."""

    secret: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    application: Login
    others: tuple[Login, ...]
    family: str = "redis"
    """Of the server: redis or valkey."""
    topology: str = CLUSTER


@dataclass(frozen=True)
class Done:
    """``before`` and ``after``: the ACL file without passwords."""

    plan: Plan
    before: str
    after: str


def keep(
    kube: Kube,
    session: Session,
    wanted: Wanted,
    generate: Callable[[], str],
    remember: Callable[[str], None],
    dry_run: bool = False,
    sentinels: Session | None = None,
) -> Done:
    """``generate`` makes a password, ``remember`` hears of each one, so that it is masked in the output;
    ``sentinels``: where there are some, they have users of their own."""
    path = kube.path("secrets", wanted.secret)
    secret = kube.get(path)
    there = auth_secret.data(secret)
    auth_secret.check_usable(wanted.secret, there, wanted.application, wanted.topology)
    running = [name for each in (session, sentinels) if each for name in _running(each)]
    auth_secret.check_kept(wanted.secret, there, wanted.application, running, wanted.topology)
    passwords = auth_secret.passwords(there, wanted.application, generate, wanted.topology)
    for password in passwords.values():
        remember(password)
    files = _users(passwords, wanted)
    silent: dict[str, str] = {}
    plan = Plan()
    for each, users in zip((session, sentinels), files.values(), strict=False):
        if each is None or not _running(each):
            continue
        servers, quiet = _servers(each, users)
        silent |= quiet
        missing = acl_live.plan(users, servers)
        plan += missing
        if not dry_run:
            _execute(each, users, missing)
    contents = {**passwords, **{name: acl.text(users) for name, users in files.items()}}
    plan += _apply(kube, session, wanted, secret, contents, dry_run)
    if silent:
        name, reason = next(iter(silent.items()))
        raise Retryable(f"Cannot bring the users of {name} up to date: {reason}; see 'cluster_info' and run again.")
    return Done(plan, _shown(there, files), _shown(contents, files))


def _users(passwords: Mapping[str, str], wanted: Wanted) -> dict[str, tuple[User, ...]]:
    """By the name of their file: those of the servers first, then those of the Sentinels."""
    if wanted.topology == CLUSTER:
        return {auth_secret.ACL_FILE: auth_secret.users(passwords, wanted.application, wanted.others, wanted.family)}
    return {
        auth_secret.ACL_FILE: auth_secret.watched_users(passwords, wanted.application, wanted.others),
        auth_secret.SENTINEL_ACL_FILE: auth_secret.sentinel_users(passwords, wanted.application),
    }


def _running(session: Session) -> list[str]:
    return [member.name for member in session.target.members() if not member.waiting]


def _shown(contents: Mapping[str, str], files: Iterable[str]) -> str:
    return "".join(acl.shown(contents.get(name, "")) for name in files)


def _apply(
    kube: Kube,
    session: Session,
    wanted: Wanted,
    before: Mapping[str, Any] | None,
    contents: Mapping[str, str],
    dry_run: bool,
) -> Plan:
    body = auth_secret.body(wanted.secret, kube.namespace, wanted.labels, wanted.annotations, contents)
    after: Mapping[str, Any] = body
    if not dry_run:
        session.guard()
        after = kube.apply(kube.path("secrets", wanted.secret), body)
    elif before is not None:
        # The API cannot try this in a namespace that does not exist yet.
        after = kube.apply(kube.path("secrets", wanted.secret), body, dry_run=True)
    step = auth_secret.step(wanted.secret, before, after)
    return Plan((step,) if step else ())


def _servers(session: Session, users: Sequence[User]) -> tuple[dict[str, Server], dict[str, str]]:
    """The users of each server that runs, and why the others of them do not answer."""
    members, listed = _listed(session)
    silent = {name: str(replies[0]) for name, replies in listed.items() if is_error(replies[0])}
    members = [member for member in members if member.name not in silent]
    names = {member: acl_live.names(listed[member.name][0]) for member in members}
    replies = session.clients.send({member: [("ACL", "GETUSER", name) for name in names[member]] for member in members})
    found = {}
    for member in members:
        _require(member, replies[member.name])
        seen = dict(zip(names[member], map(acl_live.seen, replies[member.name]), strict=True))
        found[member.name] = Server(seen)
    return _with_catalogs(session, members, users, found), silent


def _listed(session: Session) -> tuple[list[Member], dict[str, list[Any]]]:
    """ACL LIST of every pod that runs, when all of them answer, or when the time is over."""

    def look() -> tuple[list[Member], dict[str, list[Any]]]:
        members = [member for member in session.target.members() if not member.waiting]
        return members, session.clients.send({member: [("ACL", "LIST")] for member in members})

    def all_answer(seen: tuple[list[Member], dict[str, list[Any]]]) -> bool:
        return not any(is_error(replies[0]) for replies in seen[1].values())

    return wait.until(look, all_answer, ANSWERS_WITHIN, 0.5, session.clock)


def _with_catalogs(
    session: Session, members: Sequence[Member], users: Sequence[User], servers: Mapping[str, Server]
) -> dict[str, Server]:
    """COMMAND is long, and only servers that show rules in words of their own need to be asked."""
    asked = [member for member in members if acl_live.needs_catalog(users, servers[member.name])]
    replies = session.clients.send({member: [("COMMAND",)] for member in asked})
    found = dict(servers)
    for member in asked:
        _require(member, replies[member.name])
        found[member.name] = Server(servers[member.name].users, acl_live.catalog(replies[member.name][0]))
    return found


def _require(member: Member, replies: Sequence[Any]) -> None:
    for reply in replies:
        if is_error(reply):
            raise Retryable(f"Cannot read the users of {member.name}: {reply}; run again.")


def _execute(session: Session, users: Sequence[User], plan: Plan) -> None:
    if not plan.changed:
        return
    members = {member.name: member for member in session.target.members()}
    for kind in ("SETUSER", "DELUSER"):
        steps = [step for step in plan.steps if step.commands[0][1] == kind]
        requests: dict[Member, list[tuple[str, ...]]] = {}
        for step in steps:
            if step.subject not in members:
                raise Retryable(f"Cannot change users of {step.subject}: its pod went meanwhile; run again.")
            requests.setdefault(members[step.subject], []).extend(step.commands)
        if requests:
            session.guard()
            _judge(requests, session.clients.send(requests))
    servers, _silent = _servers(session, users)
    left = acl_live.plan(users, servers)
    if left.changed:
        raise Fatal(f"Cannot prove the change of users: '{left.steps[0].text}' is still to be done; run again.")


def _judge(requests: Mapping[Member, Sequence[tuple[str, ...]]], replies: Mapping[str, Sequence[Any]]) -> None:
    for member, commands in requests.items():
        for command, reply in zip(commands, replies[member.name], strict=True):
            if isinstance(reply, Retryable):
                raise Retryable(f"Cannot change users of {member.name}: {reply}; run again.")
            if is_error(reply):
                raise Refused(
                    f"Cannot change user '{command[2]}' on {member.name}: it answered '{reply}'; "
                    "correct the rules of that user."
                )
