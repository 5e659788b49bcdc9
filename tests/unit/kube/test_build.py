# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What decides whether programs are built anew, and how they are told their version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kube import build


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    (tmp_path / "go" / "etcd").mkdir(parents=True)
    for name in ("go/etcd/go.mod", "go/etcd/go.sum", "pause.c"):
        (tmp_path / name).write_text("first")
    return tmp_path


@pytest.mark.parametrize("changed", ["go/etcd/go.mod", "go/etcd/go.sum", "pause.c"])
def test_another_input_is_another_build(inputs: Path, changed: str) -> None:
    before = build.inputs_hash(inputs)
    (inputs / changed).write_text("second")
    assert build.inputs_hash(inputs) != before


def test_other_flags_are_another_build(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build.inputs_hash(inputs)
    monkeypatch.setattr(build, "STRIP", "")
    assert build.inputs_hash(inputs) != before


def test_the_same_inputs_elsewhere_are_the_same_build(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = build.inputs_hash(inputs)
    moved = inputs.rename(tmp_path_factory.mktemp("other") / "checkout")
    assert build.inputs_hash(moved) == before


@pytest.mark.parametrize("tool", build.TOOLS, ids=lambda tool: tool.name)
def test_each_tool_has_its_version_in_its_go_mod(tool: build.Tool) -> None:
    for package in tool.programs.values():
        assert build.module_version(tool, package).startswith("v")


def test_kubernetes_knows_its_version() -> None:
    flags = build.kubernetes_version_flags("v1.36.3")
    for value in ("gitVersion=v1.36.3", "gitMajor=1", "gitMinor=36"):
        assert f"-X k8s.io/component-base/version.{value}" in flags
