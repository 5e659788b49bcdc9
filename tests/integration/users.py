# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that start with the ACL file of the collection, and the code that keeps their users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, auth_secret, users
from ansible_collections.k8sredis.core.plugins.module_utils._decide.users import Login
from ansible_collections.k8sredis.core.plugins.module_utils._execute import users as execution
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints

from tests.loopback import Process, processes
from tests.servers import Server
from tests.unit.stand_ins.kube import StandInKube

PASSWORDS = {
    "tool-password": "tool-password-0123456789",
    "replication-password": "replication-0123456789",
    "probe-password": "probe-password-0123456789",
    "keeper-password": "keeper-password-0123456789",
    "password": "application-0123456789",
}
SECRET = "shop-auth"


def application(**given: Any) -> Login:
    """As the options of cluster_users say it."""
    return users.application({"application_user": "default", "application_password": None, **given})


def other(name: str, **given: Any) -> Login:
    return users.others({"users": [{"name": name, "password": f"{name}-password-0123456789", **given}]})[0]


def acl_file(login: Login, others: Sequence[Login] = ()) -> str:
    return acl.text(auth_secret.users(PASSWORDS, login, others))


def as_user(name: str, key: str) -> dict[str, Any]:
    """Arguments of redis.Redis."""
    return {"username": name, "password": PASSWORDS[key]}


TOOL = as_user(acl.TOOL, "tool-password")


@contextmanager
def servers(server: Server, number: int, text: str, folder: Path, more: Sequence[str] = ()) -> Iterator[list[Process]]:
    """Running servers whose only users are those of the file; asked as the tool's user."""
    path = folder / "users.acl"
    path.write_text(text, encoding="utf-8")
    options = [
        *("--aclfile", str(path), "--repl-diskless-sync-delay", "0"),
        *("--masteruser", acl.REPLICATION, "--masterauth", PASSWORDS["replication-password"], *more),
    ]
    with processes(server, number, options, access=TOOL) as members:
        yield members


def secret(text: str) -> dict[str, Any]:
    body = auth_secret.body(SECRET, "web", {}, {}, {**PASSWORDS, auth_secret.ACL_FILE: text})
    body["metadata"]["resourceVersion"] = "1"
    return body


def keep(
    members: Sequence[Process], kube: StandInKube, login: Login, others: Sequence[Login] = (), dry_run: bool = False
) -> execution.Done:
    """What cluster_users does, with endpoints in place of pods."""
    wanted = execution.Wanted(SECRET, {}, {}, login, tuple(others))
    session = Session(Endpoints([member.endpoint for member in members], Access(**TOOL)))
    try:
        return execution.keep(kube, session, wanted, lambda: "generated-0123456789", lambda _password: None, dry_run)
    finally:
        session.close()


def kube_with(text: str) -> StandInKube:
    kube = StandInKube()
    kube.objects[kube.path("secrets", SECRET)] = secret(text)
    return kube
