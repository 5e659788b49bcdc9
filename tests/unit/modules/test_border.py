# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to Ansible: from parameters to targets, wishes and names."""

from __future__ import annotations

import ssl
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Plan, Refused, Step
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints, Pods

from tests.environment import CHECKOUT
from tests.unit.stand_ins.certificates import Authority
from tests.unit.stand_ins.kube import StandInKube

SECRET = "/api/v1/namespaces/web/secrets/{}"
TOOL = "dG9vbC1zZWNyZXQ="


def module(**params: Any) -> Any:
    """As AnsibleModule, with every option of a target."""
    spec = {**arguments.target(), **arguments.topology(), **arguments.lock()}
    defaults = {name: option.get("default") for name, option in spec.items()}
    return SimpleNamespace(params={**defaults, "namespace": "web", **params}, no_log_values=set())


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> StandInKube:
    found = StandInKube()
    for name in ("shop-auth", "own"):
        found.objects[SECRET.format(name)] = {"data": {"tool-password": TOOL}}
    monkeypatch.setattr(border, "kube", lambda module: found)
    return found


def access(found: Any) -> Access:
    assert isinstance(found, (Pods, Endpoints))
    return found._access


def test_endpoints_ask_no_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(border, "kube", lambda module: pytest.fail("asked"))
    found = border.target(module(endpoints=["10.0.0.1:1"], redis_password="x", redis_timeout=1.5))
    assert (access(found), found.kube) == (Access("", "x", 1.5), None)


OURS = (
    "app.kubernetes.io/instance=shop,app.kubernetes.io/managed-by=k8sredis,"
    "app.kubernetes.io/component notin (sentinel,proxy)"
)
SELECTORS = [
    ({"name": "shop"}, OURS),
    ({"label_selectors": ["app=redis", "team=a"]}, "app=redis,team=a"),
]


@pytest.mark.parametrize(("params", "selector"), SELECTORS)
def test_pods_by_name_or_label(kube: StandInKube, params: dict[str, Any], selector: str) -> None:
    found = border.target(module(**params, port=6380, container="valkey", transport="direct"))
    assert isinstance(found, Pods)
    assert (found._selector, found._port, found._container, found._transport) == (selector, 6380, "valkey", "direct")
    assert found.kube is kube


LOGINS: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("the Secret of the instance", {"name": "shop"}, ("k8sredis-tool", "tool-secret")),
    ("another Secret", {"label_selectors": ["a=b"], "auth_secret": "own"}, ("k8sredis-tool", "tool-secret")),
    ("no Secret", {"name": "other"}, ("", "")),
    ("no Secret is looked for", {"label_selectors": ["a=b"]}, ("", "")),
    ("a password of the task's own", {"name": "shop", "redis_password": "x"}, ("", "x")),
    ("a user of the task's own", {"name": "shop", "redis_username": "ann"}, ("ann", "tool-secret")),
]


@pytest.mark.parametrize(("params", "login"), [row[1:] for row in LOGINS], ids=[row[0] for row in LOGINS])
@pytest.mark.usefixtures("kube")
def test_login(params: dict[str, Any], login: tuple[str, str]) -> None:
    found = access(border.target(module(**params)))
    assert (found.username, found.password) == login


@pytest.mark.usefixtures("kube")
def test_a_password_from_the_secret_is_hidden_in_results() -> None:
    params = module(name="shop")
    border.target(params)
    assert "tool-secret" in params.no_log_values


def tls(**params: Any) -> ssl.SSLContext:
    found = access(border.target(module(endpoints=["10.0.0.1:1"], redis_tls=True, **params))).tls
    assert found is not None
    return found


def test_without_tls() -> None:
    assert access(border.target(module(endpoints=["10.0.0.1:1"]))).tls is None


def test_certificates_are_checked_unless_told_otherwise() -> None:
    assert (tls().verify_mode, tls().check_hostname) == (ssl.CERT_REQUIRED, True)
    loose = tls(redis_validate_certs=False)
    assert (loose.verify_mode, loose.check_hostname) == (ssl.CERT_NONE, False)


def test_certificate_files(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = str(authority.certificate), str(authority.key)
    found = tls(redis_ca_cert=certificate, redis_client_cert=certificate, redis_client_key=key)
    assert [one["subject"] for one in found.get_ca_certs()] == [((("commonName", "test"),),)]


@pytest.mark.parametrize("option", ["redis_ca_cert", "redis_client_cert"])
def test_certificate_files_that_are_not_there(option: str) -> None:
    with pytest.raises(Fatal) as refused:
        tls(**{option: "/nowhere"})
    assert str(refused.value) == (
        "Cannot use the TLS files: [Errno 2] No such file or directory; check redis_ca_cert, redis_client_cert and "
        "redis_client_key."
    )


def test_only_given_options_reach_the_kubernetes_client(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(Kube, "__init__", lambda self, auth, namespace: given.append((auth, namespace)))
    border.kube(module(host="https://a", api_key="t", validate_certs=False, name="shop"))
    assert given == [({"host": "https://a", "api_key": "t", "validate_certs": False}, "web")]


WISHES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"node_timeout": 5000}, {"cluster-node-timeout": "5000"}),
    ({"replica_sync_delay": 0}, {"repl-diskless-sync-delay": "0"}),
]


@pytest.mark.parametrize(("params", "settings"), WISHES)
def test_wish(params: dict[str, Any], settings: dict[str, str]) -> None:
    found = border.wish(module(shards=3, **params))
    assert (found.shards, found.replicas, found.settings) == (3, 1, settings)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"shards": 0}, "Cannot form a cluster with shards=0: it is too few; use 1 or more."),
        ({"shards": 3, "replicas": -1}, "Cannot form a cluster with replicas=-1: it is too few; use 0 or more."),
    ],
)
def test_a_wish_that_is_none(params: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as refused:
        border.wish(module(**params))
    assert str(refused.value) == message


def test_expected_names() -> None:
    assert border.expected_names(module(name="shop", shards=2, replicas=1)) == [
        "shop-0-0",
        "shop-0-1",
        "shop-1-0",
        "shop-1-1",
    ]
    assert border.expected_names(module(endpoints=["10.0.0.1:1"], shards=2)) == []
    assert border.expected_names(module(label_selectors=["a=b"], shards=2)) == []


def test_plan_and_diff_as_results() -> None:
    plan = Plan((Step("meet", "a", "a meets b", "they do not know each other", (("CLUSTER", "MEET"),)),))
    assert border.steps(plan) == [
        {"kind": "meet", "subject": "a", "text": "a meets b", "reason": "they do not know each other"}
    ]
    assert border.diff(plan) == {"prepared": "+ a meets b (they do not know each other)\n"}


def test_libraries_that_are_there_are_not_missed() -> None:
    border.require_libraries("redis", "kubernetes")


PIP = f"{sys.executable} -m pip install"
OTHER = "or set ansible_python_interpreter to a Python that has them."
KUBERNETES = "kubernetes>=29.0.0,!=36.0.0,!=36.0.1"
VERSIONS = [
    ("redis", "5.3.0", ""),
    ("redis", "7.1.0", ""),
    ("redis", "4.6.0", f"redis>=5.3.0: {sys.executable} has redis 4.6.0; install them with {PIP} 'redis>=5.3.0'"),
    ("redis", "5.0", f"redis>=5.3.0: {sys.executable} has redis 5.0; install them with {PIP} 'redis>=5.3.0'"),
    ("kubernetes", "35.0.0", ""),
    ("kubernetes", "36.0.2", ""),
    (
        "kubernetes",
        "36.0.0",
        f"{KUBERNETES}: {sys.executable} has kubernetes 36.0.0; install them with {PIP} '{KUBERNETES}'",
    ),
    (
        "kubernetes",
        "28.1.0",
        f"{KUBERNETES}: {sys.executable} has kubernetes 28.1.0; install them with {PIP} '{KUBERNETES}'",
    ),
]


@pytest.mark.parametrize(("name", "version", "message"), VERSIONS)
def test_the_version_of_a_library(monkeypatch: pytest.MonkeyPatch, name: str, version: str, message: str) -> None:
    monkeypatch.setattr(metadata, "version", lambda asked: version)
    if not message:
        border.require_libraries(name)
        return
    with pytest.raises(Fatal) as refused:
        border.require_libraries(name)
    assert str(refused.value) == f"Cannot work without the Python libraries {message}, {OTHER}"


def test_libraries_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(border, "_importable", lambda name: False)
    with pytest.raises(Fatal) as refused:
        border.require_libraries("kubernetes", "redis")
    assert str(refused.value) == (
        f"Cannot work without the Python libraries {KUBERNETES} and redis>=5.3.0: {sys.executable} has no kubernetes "
        f"and no redis; install them with {PIP} '{KUBERNETES}' 'redis>=5.3.0', {OTHER}"
    )


def test_a_library_without_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", unknown)
    border.require_libraries("redis")


def test_libraries_are_those_of_the_requirements() -> None:
    lines = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(map(str, border.LIBRARIES.values())) == [line for line in lines if not line.startswith("#")]


def test_a_library_that_cannot_be_imported() -> None:
    assert (border._importable("json"), border._importable("no_such_library")) == (True, False)
