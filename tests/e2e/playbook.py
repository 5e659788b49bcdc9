# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the collection's playbooks as a person does, and say what they did."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, place_of, role_of
from tests.environment import CHECKOUT, tool_environment

SECONDS = 900
"""For one playbook; the deadlines of the product are shorter."""
RECAP = re.compile(r"^localhost\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=0\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    code: int
    output: str

    @property
    def changed(self) -> int:
        """Number of changed tasks."""
        return int(self._recap[2])

    @property
    def succeeded(self) -> bool:
        return self.code == 0

    @property
    def _recap(self) -> re.Match[str]:
        found = RECAP.search(self.output)
        assert found, f"the playbook ended without a recap:\n{self.output}"
        return found


def run(cluster: Cluster, playbook: str, variables: Mapping[str, Any], *options: str, **environment: str) -> Run:
    """``playbook`` is a name such as ``redis_cluster``; ``environment`` is added to that of the command."""
    with command(playbook, variables, *options) as words:
        done = subprocess.run(
            words,
            env={**surroundings(cluster), **environment},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    return Run(done.returncode, done.stdout)


def converge(cluster: Cluster, variables: Variables, *options: str, **environment: str) -> Run:
    """A run that must succeed."""
    done = run(cluster, role_of(variables), variables, *options, **environment)
    assert done.succeeded, done.output
    return done


def destroy(cluster: Cluster, variables: Variables, *options: str, **environment: str) -> Run:
    """With its claims and passwords; it must succeed."""
    role = role_of(variables)
    everything = {**variables, f"{role}_delete_claims": True, f"{role}_delete_auth": True}
    return stop(cluster, everything, *options, **environment)


def stop(cluster: Cluster, variables: Variables, *options: str, **environment: str) -> Run:
    """Destroyed, but for its claims and passwords unless these are named; it must succeed."""
    role, (_namespace, name) = role_of(variables), place_of(variables)
    confirmed = {**variables, f"{role}_confirm_destroy": name}
    done = run(cluster, f"{role}_destroy", confirmed, *options, **environment)
    assert done.succeeded, done.output
    return done


@contextmanager
def command(playbook: str, variables: Mapping[str, Any], *options: str) -> Iterator[list[str]]:
    """The variables go by a file, as their values may be secret."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as folder:
        file = Path(folder) / "variables.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(dict(variables)), encoding="utf-8")
        name = playbook if playbook.endswith(".yml") else f"k8sredis.core.{playbook}"
        yield ["ansible-playbook", name, f"--extra-vars=@{file}", *options]


def surroundings(cluster: Cluster) -> dict[str, str]:
    """The environment of a playbook, without settings that whoever runs the tests may have for himself."""
    foreign = ("ANSIBLE_", "K8S_AUTH_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    tools = {name: tool_environment()[name] for name in ("PATH", "ANSIBLE_COLLECTIONS_PATH")}
    plain = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0"}
    return {**kept, **tools, **plain, "KUBECONFIG": str(cluster.kubeconfig)}
