# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the demo decides and says, without a Kubernetes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.demo import place
from tests.demo.__main__ import declaration
from tests.demo.farewell import farewell
from tests.demo.kubernetes import Kubernetes
from tests.unit.role.rendering import load

OPTIONS = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
FOREIGN = Kubernetes(kubeconfig="/home/me/.kube/config", kubectl="kubectl")
LOCAL = Kubernetes(kubeconfig="/cache/kubeconfig", kubectl="/cache/kubectl", image="localhost/redis:8.0.2")


def wish(
    where: Kubernetes = FOREIGN, one_kube_node: bool = False, default_class: bool = True, image: str = ""
) -> dict[str, Any]:
    there: Any = SimpleNamespace(has_one_kube_node=lambda: one_kube_node, has_default_class=lambda: default_class)
    return declaration(where, there, image, lambda _line: None)


def test_it_declares_variables_of_the_role() -> None:
    assert set(wish(LOCAL, one_kube_node=True, default_class=False)) <= set(OPTIONS)


def test_only_the_local_kubernetes_has_local_images() -> None:
    assert wish(LOCAL)["redis_cluster_image"] == "localhost/redis:8.0.2"
    assert "redis_cluster_image" not in wish(FOREIGN)


def test_a_given_image_wins() -> None:
    assert wish(LOCAL, image="registry.example/redis:8.0.2")["redis_cluster_image"] == "registry.example/redis:8.0.2"


def test_one_kube_node_is_enough() -> None:
    assert wish(one_kube_node=True)["redis_cluster_anti_affinity"] == "none"
    assert "redis_cluster_anti_affinity" not in wish()


def test_no_default_class_is_enough() -> None:
    assert wish(default_class=False)["redis_cluster_storage"]["type"] == "empty_dir"
    assert "type" not in wish()["redis_cluster_storage"]


@pytest.mark.parametrize(
    ("unschedulable", "effects", "counts"),
    [
        (None, [], True),
        (True, [], False),
        (None, ["NoSchedule"], False),
        (None, ["NoExecute"], False),
        (None, ["PreferNoSchedule"], True),
    ],
)
def test_schedulable_kube_nodes(unschedulable: bool | None, effects: list[str], counts: bool) -> None:
    taints = [SimpleNamespace(effect=effect) for effect in effects] or None
    node = SimpleNamespace(spec=SimpleNamespace(unschedulable=unschedulable, taints=taints))
    assert place._is_schedulable(node) is counts


def test_what_is_said_at_the_end_can_be_pasted(tmp_path: Path) -> None:
    text = farewell(LOCAL, "demo", Path("build/demo.yml"))
    commands = [line for line in text.splitlines() if line.startswith("  ")]
    (tmp_path / "pasted").write_text("\n".join(commands), encoding="utf-8")
    checked = subprocess.run(["bash", "-n", tmp_path / "pasted"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert len(commands) > 10
