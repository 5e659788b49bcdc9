# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secret with an instance's passwords and its ACL file. Pure; PRIVATE to the collection."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import User
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER, SENTINEL
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import foreign
from ansible_collections.k8sredis.core.plugins.module_utils._decide.users import Login, password_problem
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Step

APPLICATION_PASSWORD = "password"
SYSTEM_PASSWORDS = ("tool-password", "replication-password", "probe-password", "keeper-password")
SENTINEL_PASSWORD = "sentinel-password"
"""Of applications, at the Sentinels."""
WITH_SENTINELS = (*SYSTEM_PASSWORDS, "watch-password", "peer-password", "sentinel-tool-password", SENTINEL_PASSWORD)
MADE_ANEW = ("keeper-password",)
"""Instances made before 0.2 have none, and a lost one locks nobody out: pods read theirs each time they use it."""
ACL_FILE = "users.acl"
SENTINEL_ACL_FILE = "sentinel.acl"

SYSTEM_PASSWORD = re.compile(r"[!#-&(-~]+")
"""Printable ASCII. The pods write it into a configuration file as it stands, where a line break would begin another
directive and a quote would have to be closed."""
NOT_TEXT = "\ufffd"

Data = Mapping[str, str]


def data(secret: Mapping[str, Any] | None) -> dict[str, str]:
    """What a Secret holds, as text; bytes that are none become U+FFFD."""
    found = (secret or {}).get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in found.items()}


def system_passwords(topology: str) -> tuple[str, ...]:
    """Keys of the passwords that are never given."""
    return WITH_SENTINELS if topology == SENTINEL else SYSTEM_PASSWORDS


def passwords(there: Data, application: Login, generate: Callable[[], str], topology: str = CLUSTER) -> dict[str, str]:
    """Each password by its key: given, else the one that is there, else a new one."""
    wanted = {key: there.get(key) or generate() for key in system_passwords(topology)}
    given = application.password or there.get(APPLICATION_PASSWORD)
    return {**wanted, APPLICATION_PASSWORD: given or generate()}


def check_kept(name: str, there: Data, application: Login, running: Sequence[str], topology: str = CLUSTER) -> None:
    """Raises Refused when passwords are lost that running servers want: new ones would lock everybody out."""
    needed = [
        *(key for key in system_passwords(topology) if key not in MADE_ANEW),
        *([] if application.password else [APPLICATION_PASSWORD]),
    ]
    missing = [key for key in needed if not there.get(key)]
    if missing and running:
        raise Refused(
            f"Cannot make new passwords for Secret {name}: it has no {' and no '.join(missing)}, but {running[0]} "
            f"runs with them; restore the Secret, or stop the pods."
        )


def check_usable(name: str, there: Data, application: Login, topology: str = CLUSTER) -> None:
    """Raises Refused for passwords that somebody put there and that would be written back otherwise than they are."""
    found = [_system_problem(name, key) for key in system_passwords(topology) if not _is_plain(there.get(key, ""))]
    kept = "" if application.password else there.get(APPLICATION_PASSWORD, "")
    reason = "it is not text in UTF-8" if NOT_TEXT in kept else password_problem(kept)[0]
    if kept and reason:
        subject = f"{APPLICATION_PASSWORD} of Secret {name}"
        found.append(foreign(subject, reason, "give another one as redis_cluster_application_password"))
    if found:
        raise Refused("\n".join(found))


def _is_plain(password: str) -> bool:
    return not password or SYSTEM_PASSWORD.fullmatch(password) is not None


def _system_problem(name: str, key: str) -> str:
    reason = "it holds something else than printable ASCII without spaces and quotes"
    return foreign(
        f"{key} of Secret {name}", reason, "restore the Secret, or stop the pods and remove this key to get a new one"
    )


def users(wanted: Data, application: Login, others: Sequence[Login], family: str = "redis") -> tuple[User, ...]:
    """All users of the instance, in the order of the file. ``family``: of the server, redis or valkey."""
    hashed = {key: acl.password_hash(password) for key, password in wanted.items()}
    system = acl.system_users(*(hashed[key] for key in SYSTEM_PASSWORDS), family=family)
    named = [login.user((acl.password_hash(login.password),)) for login in others]
    return acl.all_users(system, application.user((hashed[APPLICATION_PASSWORD],)), named)


def watched_users(wanted: Data, application: Login, others: Sequence[Login]) -> tuple[User, ...]:
    """All users of servers that Sentinels watch."""
    keys = (*SYSTEM_PASSWORDS, "watch-password")
    system = acl.watched_users(*(acl.password_hash(wanted[key]) for key in keys))
    named = [acl.apart_from_sentinels(login.user((acl.password_hash(login.password),))) for login in others]
    user = application.user((acl.password_hash(wanted[APPLICATION_PASSWORD]),))
    return acl.all_users(system, acl.apart_from_sentinels(user), named)


def sentinel_users(wanted: Data, application: Login) -> tuple[User, ...]:
    """All users of the Sentinels; applications have the same name there, and a password of its own."""
    keys = ("sentinel-tool-password", "peer-password", "probe-password", "keeper-password")
    system = acl.sentinel_users(*(acl.password_hash(wanted[key]) for key in keys))
    hashes = (acl.password_hash(wanted[SENTINEL_PASSWORD]),)
    client = User(application.name, hashes, acl.SENTINEL_CLIENT_COMMANDS, channels=acl.ALL_CHANNELS)
    return acl.all_users(system, client, ())


def body(
    name: str, namespace: str, labels: Mapping[str, str], annotations: Mapping[str, str], contents: Data
) -> dict[str, Any]:
    """For server-side apply."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in sorted(contents.items())}
    metadata = {"name": name, "namespace": namespace, "labels": dict(labels), "annotations": dict(annotations)}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": encoded}


def step(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Step | None:
    """What an apply did, or would do; None when nothing. Names keys, never values."""
    if before is None:
        return Step("secret", name, f"create Secret {name}", "there is none")
    old, new = data(before), data(after)
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    parts = [kind for kind in ("labels", "annotations") if _of(before, kind) != _of(after, kind)]
    if not keys and not parts:
        return None
    return Step("secret", name, f"change {', '.join([*keys, *parts])} of Secret {name}", "differs from the wish")


def _of(secret: Mapping[str, Any], kind: str) -> dict[str, str]:
    return dict(secret["metadata"].get(kind) or {})
