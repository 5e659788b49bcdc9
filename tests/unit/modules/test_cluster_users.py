# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_users where no server runs: the Secret alone. With servers: tests/integration/test_users.py."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, auth_secret

from tests.unit.decide.declarations import labels
from tests.unit.modules.conftest import Run
from tests.unit.stand_ins.kubernetes_api import ApiServer

SECRET = "/api/v1/namespaces/web/secrets/shop-auth"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/web/leases/shop-lock"
GIVEN = "canary-0123456789"
KEYS = {"tool-password", "replication-password", "probe-password", "keeper-password", "password", "users.acl"}


@pytest.fixture(autouse=True)
def held(api: ApiServer) -> None:
    """The lock is this run's."""
    api.add(LEASE, {"holderIdentity": "run", "leaseTransitions": 0})


def keep(run: Run, api: ApiServer, **options: Any) -> dict[str, Any]:
    return run("cluster_users", name="shop", namespace="web", run_id="run", **{**api.options(), **options})


def contents(api: ApiServer) -> dict[str, str]:
    return auth_secret.data(api.objects[SECRET])


def secret_writes(api: ApiServer) -> list[tuple[str, str]]:
    return [write for write in api.writes if write[1] == SECRET]


def test_the_secret_is_made_once(run: Run, api: ApiServer) -> None:
    foreseen = keep(run, api, check=True)
    assert foreseen["changed"]
    assert secret_writes(api) == []

    made = keep(run, api, labels={"team": "a"}, annotations={"note": "b"})
    assert made["plan"] == foreseen["plan"]
    assert [step["text"] for step in made["plan"]] == ["create Secret shop-auth"]
    there = contents(api)
    assert set(there) == KEYS
    assert len({there[key] for key in KEYS}) == len(KEYS)
    assert all(len(there[key]) == 43 for key in KEYS - {"users.acl"})
    assert f"#{acl.password_hash(there['password'])} ~* &*" in there["users.acl"]
    metadata = api.objects[SECRET]["metadata"]
    assert metadata["annotations"] == {"note": "b"}
    assert metadata["labels"] == {key: value for key, value in labels().items() if "shard" not in key} | {"team": "a"}

    for check in (True, False):
        again = keep(run, api, labels={"team": "a"}, annotations={"note": "b"}, check=check)
        assert (again["changed"], again["plan"]) == (False, [])
    assert contents(api) == there


def test_a_change_of_each_part(run: Run, api: ApiServer) -> None:
    keep(run, api)
    before = contents(api)
    report = {"name": "report", "password": f"{GIVEN}-2", "commands": ["+@read"]}
    changes: list[tuple[dict[str, Any], str]] = [
        ({"application_password": GIVEN}, "change password, users.acl of Secret shop-auth"),
        ({"users": [report]}, "change users.acl of Secret shop-auth"),
        ({"users": [report], "labels": {"team": "a"}}, "change labels of Secret shop-auth"),
        ({"application_user": "shop"}, "change users.acl, labels of Secret shop-auth"),
    ]
    for options, text in changes:
        foreseen = keep(run, api, check=True, **options)
        done = keep(run, api, **options)
        assert [step["text"] for step in done["plan"]] == [text]
        assert done["plan"] == foreseen["plan"]
        assert done["diff"] == foreseen["diff"]
        assert not keep(run, api, **options)["changed"]
    after = contents(api)
    assert after["password"] == GIVEN, "a password that is not given any more stays"
    assert {key: after[key] for key in auth_secret.SYSTEM_PASSWORDS} == {
        key: before[key] for key in auth_secret.SYSTEM_PASSWORDS
    }


def test_the_diff_shows_rules_and_no_secret(run: Run, api: ApiServer) -> None:
    keep(run, api)
    done = keep(
        run, api, application_password=GIVEN, users=[{"name": "report", "password": f"{GIVEN}-2", "keys": ["a"]}]
    )
    before, after = (done["diff"][side].splitlines() for side in ("before", "after"))
    assert [line for line in after if line not in before] == [
        "user report reset on sanitize-payload <password> ~a &* -@all +@all -@admin -@dangerous +info +keys +role +sort"
    ]
    text = str(done)
    there = contents(api)
    secrets = [GIVEN, *(there[key] for key in KEYS - {"users.acl"})]
    hashes = [acl.password_hash(secret) for secret in [*secrets, f"{GIVEN}-2"]]
    assert [each for each in [*secrets, *hashes] if each in text] == []


def test_a_password_that_was_put_there_before_is_taken(run: Run, api: ApiServer) -> None:
    api.add(SECRET)
    api.objects[SECRET]["data"] = auth_secret.body("", "", {}, {}, {"password": GIVEN})["data"]
    done = keep(run, api)
    assert GIVEN not in str(done)
    assert contents(api)["password"] == GIVEN
    assert acl.password_hash(GIVEN) in contents(api)["users.acl"]


PLAIN = "it holds something else than printable ASCII without spaces and quotes"
RESTORE = "restore the Secret, or stop the pods and remove this key to get a new one"
ANOTHER = "give another one as redis_cluster_application_password"
UNUSABLE = [
    ("replication-password", b"canary-0123456789\nrename-command GET x", f"{PLAIN}; {RESTORE}"),
    ("probe-password", "canary-0123456789é".encode(), f"{PLAIN}; {RESTORE}"),
    ("probe-password", b'canary-"0123456789', f"{PLAIN}; {RESTORE}"),
    ("tool-password", b"canary-0123456789\xe9", f"it is not text in UTF-8; {RESTORE}"),
    ("password", b"canary-0123456789\xe9", f"it is not text in UTF-8; {ANOTHER}"),
    ("password", b"canary-0123456789\n", f"it holds a space, a line break or another control character; {ANOTHER}"),
    ("password", b"\n", f"it holds a space, a line break or another control character; {ANOTHER}"),
    (
        "password",
        b"canary",
        f"it is shorter than 16 characters, and a server answers millions of guesses a minute; {ANOTHER}",
    ),
]


@pytest.mark.parametrize(("key", "value", "message"), UNUSABLE)
def test_a_password_in_the_secret_that_cannot_be_used(
    run: Run, api: ApiServer, key: str, value: bytes, message: str
) -> None:
    api.add(SECRET)
    api.objects[SECRET]["data"] = {key: base64.b64encode(value).decode()}
    result = keep(run, api)
    assert result["msg"] == f"Cannot use {key} of Secret shop-auth: {message}."
    assert "canary" not in str(result)
    assert secret_writes(api) == []


def test_a_given_password_replaces_one_that_cannot_be_used(run: Run, api: ApiServer) -> None:
    api.add(SECRET)
    api.objects[SECRET]["data"] = {"password": base64.b64encode(b"\xe9").decode()}
    assert keep(run, api, application_password=GIVEN)["changed"]
    assert contents(api)["password"] == GIVEN


def test_bad_users_are_refused_before_anything_is_read(run: Run, api: ApiServer) -> None:
    result = keep(
        run,
        api,
        application_password="2-few",
        users=[{"name": "default", "password": GIVEN}, {"name": "a", "password": "x y", "commands": ["on"]}],
    )
    assert result["failed"]
    assert result["msg"].split("\n") == [
        (
            'Cannot use redis_cluster_users[0].name="default": it is the user of clients without a name, and belongs '
            "to the application; use redis_cluster_application_password for it."
        ),
        'Cannot use redis_cluster_users="default": another user has this name; use another name.',
        (
            "Cannot use redis_cluster_application_password: it is shorter than 16 characters, and a server answers "
            "millions of guesses a minute; use a longer one."
        ),
        (
            "Cannot use redis_cluster_users[1].password: it holds a space, a line break or another control character; "
            "leave these out."
        ),
        (
            'Cannot use redis_cluster_users[1].commands="on": it is no rule for commands; write for example +@read, '
            "-keys or +config|get."
        ),
    ]
    assert api.requests == []


def test_servers_that_run_keep_their_passwords(run: Run, api: ApiServer) -> None:
    running = {
        "podIP": "127.0.0.1",
        "phase": "Running",
        "containerStatuses": [{"name": "redis", "state": {"running": {}}}],
    }
    api.add("/api/v1/namespaces/web/pods/shop-0-0", {}, labels=labels(), status=running)
    result = keep(run, api, application_password=GIVEN, transport="direct")
    assert result["msg"] == (
        "Cannot make new passwords for Secret shop-auth: it has no tool-password and no replication-password and no "
        "probe-password, but shop-0-0 runs with them; restore the Secret, or stop the pods."
    )
    assert secret_writes(api) == []


def test_pods_that_do_not_run_do_not_count(run: Run, api: ApiServer) -> None:
    waiting = {"containerStatuses": [{"name": "redis", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
    api.add("/api/v1/namespaces/web/pods/shop-0-0", {}, labels=labels(), status=waiting)
    assert keep(run, api)["changed"]


def test_another_run_holds_the_lock(run: Run, api: ApiServer) -> None:
    api.add(LEASE, {"holderIdentity": "other", "leaseTransitions": 3})
    result = keep(run, api)
    assert result["failed"]
    assert "it is locked by other" in result["msg"]
    assert secret_writes(api) == []


def test_a_right_that_is_missing(run: Run, api: ApiServer) -> None:
    api.forbidden = {SECRET}
    result = keep(run, api)
    assert result["msg"] == (
        f'Cannot get {SECRET}: 403 User "u" cannot get {SECRET}; grant the user this right (the Role in the '
        "collection's docs/rbac.yml lists all)."
    )


SENTINEL_KEYS = {"watch-password", "peer-password", "sentinel-tool-password", "sentinel-password", "sentinel.acl"}


def test_sentinels_have_users_and_passwords_of_their_own(run: Run, api: ApiServer) -> None:
    foreseen = keep(run, api, topology="sentinel", check=True)
    made = keep(run, api, topology="sentinel")
    assert made["plan"] == foreseen["plan"]
    there = contents(api)
    assert set(there) == KEYS | SENTINEL_KEYS
    assert len(set(there.values())) == len(there)
    for key, file in [("watch-password", "users.acl"), ("peer-password", "sentinel.acl"), ("password", "users.acl")]:
        assert [name for name in ("users.acl", "sentinel.acl") if acl.password_hash(there[key]) in there[name]] == [
            file
        ]
    assert acl.password_hash(there["sentinel-password"]) in there["sentinel.acl"]
    assert "user default" in there["sentinel.acl"]
    assert api.objects[SECRET]["metadata"]["labels"]["app.kubernetes.io/name"] == "redis-sentinel"
    assert not keep(run, api, topology="sentinel")["changed"]


def test_messages_name_the_variables_of_the_other_role(run: Run, api: ApiServer) -> None:
    result = keep(run, api, topology="sentinel", application_password="2-few")
    assert result["msg"].startswith("Cannot use redis_sentinel_application_password: it is shorter than 16 characters")


def test_sentinels_that_run_keep_their_passwords(run: Run, api: ApiServer) -> None:
    running = {
        "podIP": "127.0.0.1",
        "phase": "Running",
        "containerStatuses": [{"name": "sentinel", "state": {"running": {}}}],
    }
    own = {**labels(), "app.kubernetes.io/component": "sentinel"}
    api.add("/api/v1/namespaces/web/pods/shop-sentinel-0", {}, labels=own, status=running)
    result = keep(run, api, topology="sentinel", application_password=GIVEN, transport="direct")
    assert "no sentinel-tool-password and no sentinel-password, but shop-sentinel-0 runs with them" in result["msg"]
    assert secret_writes(api) == []
