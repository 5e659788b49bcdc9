# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Canaries: passwords that the user gives, and those that are generated, appear where they belong and nowhere else.

In order: each test goes on from the instance of the one before, as every creation takes its time.
"""

from __future__ import annotations

import base64
import subprocess

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, ask, instance, lives, password, pods
from tests.e2e.listing import kinds

NAME = "canaries"
APPLICATION, CHANGED, REPORTS = "canary-Kx7q2Vw9-first", "canary-Zt4m8Bn3-second", "canary-Rp5c1Jh6-reports"
GENERATED = ("tool-password", "replication-password", "probe-password", "keeper-password")
OPTIONS = ("-vvv", "--diff")


@pytest.fixture(scope="module")
def variables(namespace: str, image: str) -> Variables:
    users = [{"name": "reports", "password": REPORTS, "commands": ["+@read", "+@connection"]}]
    return instance(NAME, namespace, image, application_password=APPLICATION, users=users)


@pytest.fixture(scope="module")
def outputs() -> dict[str, str]:
    """What the playbooks printed, by what they were run for."""
    return {}


@pytest.fixture(scope="module")
def secrets(cluster: Cluster, namespace: str) -> list[str]:
    """Asked for when the instance is there: no later test needs the Secret itself."""
    generated = [password(cluster, namespace, NAME, key) for key in GENERATED]
    plain = [APPLICATION, CHANGED, REPORTS, *generated]
    return plain + [base64.b64encode(secret.encode()).decode().rstrip("=") for secret in plain]


def seen(secrets: list[str], text: str) -> list[str]:
    """The lines that show one."""
    return [line for line in text.splitlines() if any(secret in line for secret in secrets)]


def test_create(cluster: Cluster, variables: Variables, outputs: dict[str, str]) -> None:
    outputs["create"] = playbook.converge(cluster, variables, *OPTIONS).output


def test_who_may_log_in(cluster: Cluster, namespace: str, variables: Variables) -> None:
    pod = f"{NAME}-0-0"
    assert ask(cluster, namespace, pod, ("default", APPLICATION), "PING") == "PONG"
    assert ask(cluster, namespace, pod, ("reports", REPORTS), "PING") == "PONG"
    assert "NOPERM" in ask(cluster, namespace, pod, ("reports", REPORTS), "SET", "key", "value")
    assert "WRONGPASS" in ask(cluster, namespace, pod, ("reports", APPLICATION), "PING")


def test_change_of_the_password(
    cluster: Cluster, namespace: str, variables: Variables, outputs: dict[str, str]
) -> None:
    """Live: no server is restarted, no link of a replica is cut, and whoever is logged in stays so."""
    names = list(lives(cluster, namespace, NAME))
    before, links = lives(cluster, namespace, NAME), replication(cluster, namespace)
    with logged_in(cluster, namespace, names[0]) as client:
        variables["redis_cluster_application_password"] = CHANGED
        changed = playbook.converge(cluster, variables, *OPTIONS)
        assert changed.changed > 0, changed.output
        assert say(client, "PING") == "PONG"
    outputs["change of the password"] = changed.output
    for name in names:
        assert ask(cluster, namespace, name, ("default", CHANGED), "PING") == "PONG", name
        assert "WRONGPASS" in ask(cluster, namespace, name, ("default", APPLICATION), "PING"), name
    assert lives(cluster, namespace, NAME) == before
    assert replication(cluster, namespace) == links


def test_a_user_is_taken_away(cluster: Cluster, namespace: str, variables: Variables, outputs: dict[str, str]) -> None:
    variables["redis_cluster_users"] = []
    outputs["removal of a user"] = playbook.converge(cluster, variables, *OPTIONS).output
    for name in lives(cluster, namespace, NAME):
        assert "WRONGPASS" in ask(cluster, namespace, name, ("reports", REPORTS), "PING"), name


def test_objects_and_events(cluster: Cluster, namespace: str, secrets: list[str]) -> None:
    """Everything but the Secret: pods with their arguments and environment, ConfigMaps, Lease, annotations, events."""
    public = [kind for kind in kinds(cluster) if kind != "secrets"]
    text = cluster.kubectl("get", ",".join([*public, "events"]), f"--namespace={namespace}", "--output=yaml").stdout
    assert f"name: {NAME}-config" in text
    assert seen(secrets, text) == []


def test_processes_and_logs(cluster: Cluster, namespace: str, secrets: list[str]) -> None:
    script = "cat /proc/[0-9]*/cmdline /proc/1/environ | tr '\\0' '\\n'"
    for pod in pods(cluster, namespace, NAME):
        name = pod["metadata"]["name"]
        words = ("exec", f"--namespace={namespace}", name, "--container=redis", "--", "sh", "-c", script)
        processes = cluster.kubectl(*words).stdout
        assert "-server" in processes
        assert seen(secrets, processes) == []
        log = cluster.kubectl("logs", f"--namespace={namespace}", name, "--all-containers").stdout
        assert "Ready to accept connections" in log
        assert seen(secrets, log) == []


def test_info_and_destroy(cluster: Cluster, variables: Variables, outputs: dict[str, str], secrets: list[str]) -> None:
    outputs["info"] = playbook.run(cluster, "redis_cluster_info", variables, *OPTIONS).output
    outputs["destroy"] = playbook.destroy(cluster, variables, *OPTIONS).output
    for deed, output in outputs.items():
        assert "TASK [" in output
        assert seen(secrets, output) == [], deed


def replication(cluster: Cluster, namespace: str) -> dict[str, tuple[str, ...]]:
    """By pod: full and partial copies it has given, and since when its link to its master stands."""
    tool = ("k8sredis-tool", password(cluster, namespace, NAME, "tool-password"))
    wanted = ("sync_full:", "sync_partial_ok:", "sync_partial_err:", "master_link_status:", "connected_slaves:")
    found = {}
    for name in lives(cluster, namespace, NAME):
        lines = ask(cluster, namespace, name, tool, "INFO").splitlines()
        found[name] = tuple(line.strip() for line in lines if line.startswith(wanted))
        assert found[name], lines
    return found


class logged_in:  # noqa: N801  used like a function
    """A client in a pod that logs in once, with the password that is good now."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str) -> None:
        script = 'exec "$(command -v valkey-cli || command -v redis-cli)"'
        words = ("exec", "--stdin", f"--namespace={namespace}", pod, "--container=redis", "--", "sh", "-c", script)
        self._process = subprocess.Popen(
            cluster.command(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> subprocess.Popen[str]:
        assert say(self._process, f"AUTH default {APPLICATION}") == "OK"
        return self._process

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()


def say(client: subprocess.Popen[str], words: str) -> str:
    assert client.stdin
    assert client.stdout
    client.stdin.write(f"{words}\n")
    client.stdin.flush()
    return client.stdout.readline().strip()
