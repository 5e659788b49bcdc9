# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs of Kubernetes, built from Go modules at the versions of the go.mod and go.sum files under ``go/``.

The result is kept in the cache under a hash of everything that goes into it: the same inputs never build twice.
To move to another version: ``cd go/<tool> && go get -tool <package>@<version>`` (for Kubernetes see its go.mod).
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cache import cache_dir, locked, made_whole
from tests.environment import check_go
from tests.kube.errors import LabError
from tests.kube.prerequisites import require_to_build

HERE = Path(__file__).resolve().parent
FLAGS = ("-trimpath", "-mod=readonly")
STRIP = "-s -w"


@dataclass(frozen=True)
class Tool:
    """One go.mod: the programs that it builds as name -> package."""

    name: str
    programs: dict[str, str]
    tags: str = ""
    cgo: bool = False
    # the variables of its version are set when linking, as its own Makefile does
    is_kubernetes: bool = False


KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
CNI = ("main/bridge", "main/loopback", "ipam/host-local", "meta/portmap")
TOOLS = (
    Tool("kubernetes", {name: f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES}, is_kubernetes=True),
    Tool("containerd", {name: f"github.com/containerd/containerd/v2/cmd/{name}" for name in CONTAINERD}),
    # without the seccomp tag a pod that asks for seccomp RuntimeDefault does not start; it needs libseccomp, so cgo
    Tool("runc", {"runc": "github.com/opencontainers/runc"}, tags="seccomp", cgo=True),
    Tool("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Tool("cni", {Path(name).name: f"github.com/containernetworking/plugins/plugins/{name}" for name in CNI}),
    Tool("coredns", {"coredns": "github.com/coredns/coredns"}),
    Tool("local-path-provisioner", {"local-path-provisioner": "github.com/rancher/local-path-provisioner"}),
)


def binaries_dir() -> Path:
    """Where the programs of this checkout's versions are, or will be."""
    return cache_dir() / "kube" / f"bin-{inputs_hash(HERE)}"


def inputs_hash(folder: Path) -> str:
    """Over the go.mod and go.sum files, the flags, and the one program that is written here."""
    digest = hashlib.sha256(repr((FLAGS, STRIP, TOOLS)).encode())
    for path in [*sorted((folder / "go").glob("*/go.*")), folder / "pause.c"]:
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def ensure_binaries(say: Callable[[str], None]) -> Path:
    """Build what is not built yet. A build that is cut off goes on quickly the next time, from Go's own cache."""
    target = binaries_dir()
    if not target.exists():
        with locked(target.parent):
            if not target.exists():  # another run may have built it while this one waited
                _build_all(target, say)
    return target


def _build_all(target: Path, say: Callable[[str], None]) -> None:
    check_go("the local Kubernetes", ", or set KUBECONFIG to use a Kubernetes that is there")
    require_to_build()
    programs = [(tool, name, package) for tool in TOOLS for name, package in tool.programs.items()]
    say(f"building Kubernetes from source, {len(programs)} programs: once, about ten minutes on two cores")
    with made_whole(target) as scratch:
        for number, (tool, name, package) in enumerate(programs, start=1):
            started = time.monotonic()
            say(f"building {name} {module_version(tool, package)} … ({number} of {len(programs)})")
            _build(tool, package, scratch / name)
            say(f"built {name} in {time.monotonic() - started:.0f} s")
        _run(["gcc", "-Os", "-static", "-o", str(scratch / "pause"), str(HERE / "pause.c")], HERE, "pause", {})


def _build(tool: Tool, package: str, output: Path) -> None:
    link = STRIP + (kubernetes_version_flags(module_version(tool, package)) if tool.is_kubernetes else "")
    command = ["go", "build", *FLAGS, "-tags", tool.tags, "-ldflags", link, "-o", str(output), package]
    # auto: a module that asks for a newer patch release of Go gets it, from the module proxy like all else
    go = {"GOTOOLCHAIN": "auto", "GOFLAGS": "", "GOWORK": "off", "CGO_ENABLED": "1" if tool.cgo else "0"}
    _run(command, HERE / "go" / tool.name, output.name, go)


def module_version(tool: Tool, package: str) -> str:
    """``v1.36.3``: what the tool's go.mod asks of the module that has the package."""
    required = re.findall(
        r"^\s*(?:require )?(\S+) (v\S+)", (HERE / "go" / tool.name / "go.mod").read_text(), re.MULTILINE
    )
    return next(version for module, version in required if f"{package}/".startswith(f"{module}/"))


def kubernetes_version_flags(version: str) -> str:
    """Without them the API server calls itself v0.0.0, and clients that ask its version refuse it."""
    major, minor, _patch = version.removeprefix("v").split(".")
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "archive",
        "gitCommit": "module",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return "".join(f" -X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


def _run(command: list[str], folder: Path, program: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        seen = (done.stderr.strip().splitlines() or [f"{command[0]} ended with {done.returncode}"])[-1]
        raise LabError(f"Cannot build {program}: {seen}; is the Go module proxy within reach?")
