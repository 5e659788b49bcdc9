# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API: what is asked, what refusals become, and an API server that does not answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Fatal, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe import kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Busy, Conflict, Denied, Forbidden, Kube

from tests.unit.stand_ins.http_api import Api, api_server
from tests.unit.stand_ins.tcp import listening, silent

PODS = "/api/v1/namespaces/web/pods"
POD = f"{PODS}/shop-0-0"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/web/leases/shop-lock"

BOUND = 30.0
"""Seconds that no wait of some tenths of a second may last, on a busy machine either."""


@pytest.fixture(autouse=True)
def no_cluster_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither its kubeconfig nor what kubernetes.core kept of earlier discoveries."""
    for name in ("KUBECONFIG", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_HOST", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def api() -> Iterator[Api]:
    with api_server() as found:
        yield found


@pytest.fixture
def client(api: Api) -> Kube:
    return Kube({"host": api.host, "api_key": "token", "kubeconfig": None}, "web")


def test_paths(client: Kube) -> None:
    assert client.path("pods") == PODS
    assert client.path("pods", "shop-0-0") == POD
    assert client.path("leases", "shop-lock", "apis/coordination.k8s.io/v1") == LEASE


def test_the_request_carries_the_token_and_impersonation(api: Api) -> None:
    auth = {"host": api.host, "api_key": "token", "impersonate_user": "ann", "impersonate_groups": ["ops"]}
    found = Kube(auth, "web")
    found.get(POD)
    headers = api.requests[-1].headers
    assert (headers["authorization"], headers["impersonate-user"]) == ("Bearer token", "ann")
    assert headers["impersonate-group"] == "ops"
    assert {name.lower(): value for name, value in found.headers.items()}["impersonate-user"] == "ann"
    assert found.host == api.host


REQUESTS: list[tuple[str, Callable[[Kube], Any], str, str, dict[str, str], Any]] = [
    ("get", lambda kube: kube.get(POD), "GET", POD, {}, None),
    ("list", lambda kube: kube.list(PODS, "a=b"), "GET", PODS, {"labelSelector": "a=b"}, None),
    ("list all", lambda kube: kube.list(PODS), "GET", PODS, {}, None),
    ("create", lambda kube: kube.create(PODS, {"a": 1}), "POST", PODS, {}, {"a": 1}),
    ("replace", lambda kube: kube.replace(POD, {"a": 1}), "PUT", POD, {}, {"a": 1}),
    (
        "apply",
        lambda kube: kube.apply(POD, {"a": 1}),
        "PATCH",
        POD,
        {"fieldManager": "k8sredis", "force": "true"},
        {"a": 1},
    ),
    (
        "apply as a rehearsal",
        lambda kube: kube.apply(POD, {"a": 1}, dry_run=True),
        "PATCH",
        POD,
        {"fieldManager": "k8sredis", "force": "true", "dryRun": "All"},
        {"a": 1},
    ),
    ("patch", lambda kube: kube.patch(POD, {"a": 1}), "PATCH", POD, {}, {"a": 1}),
    ("patch for trial", lambda kube: kube.patch(POD, {}, dry_run=True), "PATCH", POD, {"dryRun": "All"}, {}),
    ("delete", lambda kube: kube.delete(POD), "DELETE", POD, {}, None),
    (
        "delete without what it owns",
        lambda kube: kube.delete(POD, {"uid": "x"}, propagation="Orphan"),
        "DELETE",
        POD,
        {},
        {"preconditions": {"uid": "x"}, "propagationPolicy": "Orphan"},
    ),
    (
        "delete with preconditions",
        lambda kube: kube.delete(POD, {"uid": "x"}),
        "DELETE",
        POD,
        {},
        {"preconditions": {"uid": "x"}},
    ),
    (
        "evict",
        lambda kube: kube.evict(POD.rpartition("/")[2], "x"),
        "POST",
        f"{POD}/eviction",
        {},
        {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": POD.rpartition("/")[2], "namespace": POD.split("/")[4]},
            "deleteOptions": {"preconditions": {"uid": "x"}},
        },
    ),
]


@pytest.mark.parametrize(
    ("deed", "verb", "path", "query", "body"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS]
)
def test_request(
    api: Api, client: Kube, deed: Callable[[Kube], Any], verb: str, path: str, query: dict[str, str], body: Any
) -> None:
    api.answers = {PODS: {"kind": "PodList", "items": []}, POD: {"kind": "Pod"}}
    deed(client)
    sent = api.requests[-1]
    assert (sent.verb, sent.path, sent.query, sent.body) == (verb, path, query, body)


CONTENT = [
    (lambda kube: kube.apply(POD, {}), "content-type", "application/apply-patch+yaml"),
    (lambda kube: kube.patch(POD, {}), "content-type", "application/merge-patch+json"),
    (lambda kube: kube.get_metadata(POD), "accept", kube.METADATA_ONLY),
    (lambda kube: kube.get(POD), "accept", "application/json"),
]


@pytest.mark.parametrize(("deed", "header", "value"), CONTENT)
def test_content(api: Api, client: Kube, deed: Callable[[Kube], Any], header: str, value: str) -> None:
    api.answers[POD] = {"kind": "Pod"}
    deed(client)
    assert api.requests[-1].headers[header] == value


def test_answers(api: Api, client: Kube) -> None:
    api.answers = {PODS: {"items": [{"a": 1}]}, POD: {"kind": "Pod", "text": "ä"}}
    assert client.list(PODS) == [{"a": 1}]
    assert client.get(POD) == {"kind": "Pod", "text": "ä"}
    assert client.create(POD, {}) == client.replace(POD, {}) == client.apply(POD, {}) == client.patch(POD, {})


def test_what_is_not_there(api: Api, client: Kube) -> None:
    assert (client.get(POD), client.get_metadata(POD), client.list(PODS)) == (None, None, [])
    client.delete(POD)
    api.answers[PODS] = {"items": None}
    assert client.list(PODS) == []


RIGHT = 'User "u" cannot do it'
READS = [
    (401, Fatal, "401 no; log in again, the API does not accept this token or certificate."),
    (
        403,
        Forbidden,
        f"403 {RIGHT}; grant the user this right (the Role in the collection's docs/rbac.yml lists all).",
    ),
    (409, Conflict, "409 no; run again."),
    (429, Busy, "429 no; run again when it is allowed."),
    (500, Retryable, "500 no; run again when the API server is well."),
    (503, Retryable, "503 no; run again when the API server is well."),
]


def failure(deed: Callable[[], object]) -> tuple[type[ClusterError], str]:
    begin = time.monotonic()
    with pytest.raises(ClusterError) as failed:
        deed()
    assert time.monotonic() - begin < BOUND
    return failed.type, str(failed.value)


@pytest.mark.parametrize(("status", "kind", "seen"), READS)
def test_refusal(api: Api, client: Kube, status: int, kind: type[ClusterError], seen: str) -> None:
    api.answers[POD] = (status, {"kind": "Status", "message": f"{RIGHT}." if status == 403 else "no."})
    assert failure(lambda: client.get(POD)) == (kind, f"Cannot get {POD}: {seen}")
    assert failure(lambda: client.replace(POD, {})) == (kind, f"Cannot put {POD}: {seen}")


@pytest.mark.parametrize("status", [403, 422])
def test_a_change_that_nobody_may_make(api: Api, client: Kube, status: int) -> None:
    """More rights would not help where admission says no."""
    api.answers[POD] = (status, {"kind": "Status", "message": "exceeded quota."})
    assert failure(lambda: client.patch(POD, {})) == (Denied, f"Cannot patch {POD}: {status} exceeded quota.")
    kind, _text = failure(lambda: client.get(POD))
    assert kind is (Forbidden if status == 403 else Fatal)


def test_a_change_of_what_is_not_there_is_an_error(client: Kube) -> None:
    assert failure(lambda: client.replace(POD, {})) == (Fatal, f"Cannot put {POD}: 404 {POD} not found.")


def test_a_refusal_without_a_message(api: Api, client: Kube) -> None:
    api.answers[POD] = (500, "<html>")
    assert failure(lambda: client.get(POD)) == (
        Retryable,
        f"Cannot get {POD}: 500 Internal Server Error; run again when the API server is well.",
    )


def test_something_that_is_no_kubernetes(api: Api, client: Kube) -> None:
    api.answers[POD] = "<html>welcome</html>"
    assert failure(lambda: client.get(POD)) == (
        Fatal,
        f"Cannot get {POD}: the answer of {api.host} is no JSON; check that it is a Kubernetes API.",
    )


def test_kinds_of_errors() -> None:
    assert issubclass(Conflict, Retryable)
    assert issubclass(Forbidden, Fatal)


# Silence.


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "SILENCE", 0.1)
    monkeypatch.setattr(kube, "DELIBERATION", 0.1)


SILENT_DEEDS: list[Callable[[Kube], object]] = [
    lambda kube: kube.get(POD),
    lambda kube: kube.delete(POD),
    lambda kube: kube.patch(POD, {}),
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("deed", SILENT_DEEDS)
def test_an_api_server_that_falls_silent_ends_a_request_in_time(deed: Callable[[Kube], object]) -> None:
    with api_server() as api:
        client = Kube({"host": api.host, "api_key": "token"}, "web")
        api.answers[POD] = None
        found = failure(lambda: deed(client))
    seen = "Read timed out (read timeout=0.1); check that it answers."
    assert found == (Retryable, f"Cannot reach the Kubernetes API at {api.host}: {seen}")


def test_an_api_server_that_never_spoke_ends_the_login_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "FIRST_CONTACT", 0.2)
    with listening(silent) as port:
        found = failure(lambda: Kube({"host": f"http://127.0.0.1:{port}", "api_key": "token"}, "web"))
    assert found == (
        Fatal,
        "Cannot reach the Kubernetes API: no answer within 0 s; check kubeconfig, context or host.",
    )


def test_changes_are_given_longer_than_reads(api: Api, client: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "SILENCE", 0.1)
    api.answers[POD] = None
    monkeypatch.setattr(kube, "DELIBERATION", 0.5)
    assert "(read timeout=0.5)" in failure(lambda: client.patch(POD, {}))[1]


def test_nobody_listens() -> None:
    with listening(silent) as port:
        pass
    kind, message = failure(lambda: Kube({"host": f"http://127.0.0.1:{port}", "api_key": "token"}, "web"))
    assert kind is Fatal
    assert message.startswith("Cannot reach the Kubernetes API: Failed to establish a new connection: [Errno 111]")
    assert message.endswith("; check kubeconfig, context or host.")


def test_a_server_that_went_away(api: Api) -> None:
    with api_server() as other:
        client = Kube({"host": other.host, "api_key": "token"}, "web")
    kind, message = failure(lambda: client.get(POD))
    assert kind is Retryable
    assert message.startswith(f"Cannot reach the Kubernetes API at {other.host}: ")
    assert message.endswith("; check that it answers.")
    assert "\n" not in message


def test_nothing_is_configured() -> None:
    kind, message = failure(lambda: Kube({}, "web"))
    assert kind is Fatal
    assert message.startswith("Cannot reach the Kubernetes API: ")
    assert "\n" not in message


def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    kind, message = failure(lambda: Kube({"kubeconfig": str(tmp_path / "nowhere")}, "web"))
    assert kind is Fatal
    assert message.startswith("Cannot ")
    assert message.endswith(".")
    assert "\n" not in message


def test_a_refused_eviction_names_the_budget(api: Api, client: Kube) -> None:
    causes = [{"reason": "DisruptionBudget", "message": "The disruption budget shop needs 5 healthy pods and has 5."}]
    words = "Cannot evict pod as it would violate the pod's disruption budget."
    api.answers[f"{POD}/eviction"] = (429, {"message": words, "details": {"causes": causes}})
    kind, said = failure(lambda: client.evict(POD.rpartition("/")[2], "x"))
    assert kind is Busy
    assert said == (
        f"Cannot post {POD}/eviction: 429 Cannot evict pod as it would violate the pod's disruption budget; The "
        "disruption budget shop needs 5 healthy pods and has 5; run again when it is allowed."
    )
