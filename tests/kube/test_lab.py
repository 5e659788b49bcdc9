# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local Kubernetes from outside, by its command line: ``pytest tests/kube``. In order: each test goes on from the
state that the one before left, as starting anew for each would tell nothing more."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.proxy import configuration
from tests.kube import images
from tests.kube.cgroups import Cgroups
from tests.kube.lab import Lab
from tests.kube.oci import Image
from tests.kube.processes import components, pid
from tests.servers import available, proxies

LAB = Lab("test")
SECONDS = 300
PROXY = """
haproxy -v
haproxy -f /data/haproxy.cfg &
until busybox wget -q -O - http://127.0.0.1:8404/healthz; do sleep 0.1; done
kill $!
"""
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a local Kubernetes needs root: namespaces, mounts and cgroups"),
]


def kube(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.kube", *words]
    environment = {**os.environ, "K8SREDIS_LAB": LAB.name}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check, timeout=1800)


def kubectl(*words: str, given: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [str(LAB.binaries / "kubectl"), "--kubeconfig", str(LAB.kubeconfig), *words]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=check, timeout=SECONDS + 60)


def get(*words: str) -> Any:
    return json.loads(kubectl("get", *words, "-o", "json").stdout)


def apply(*objects: dict[str, Any], check: bool = True) -> subprocess.CompletedProcess[str]:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    done = kubectl("apply", "-f", "-", given=given, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def pod(name: str, script: str, image: str = images.BUSYBOX, **spec: Any) -> dict[str, Any]:
    """One that Pod Security ``restricted`` admits."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", script],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": volume["name"], "mountPath": "/data"} for volume in spec.get("volumes", [])],
    }
    security = {"runAsUser": 999, "runAsNonRoot": True, "fsGroup": 999, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"restartPolicy": "Never", "securityContext": security, "containers": [container], **spec},
    }


def end_of(name: str) -> str:
    """The log of a pod that has ended well."""
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", f"--timeout={SECONDS}s")
    return kubectl("logs", name).stdout


def machine() -> dict[str, object]:
    """What a lab may not leave changed: mounts, interfaces, network namespaces, cgroups, sysctls, root folders."""
    sysctls = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")
    return {
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{LAB.cgroup}")),
        "sysctls": [(Path("/proc/sys") / name).read_text() for name in sysctls],
        "root": sorted(path.name for path in Path("/").iterdir()),
        "processes": processes_of_the_lab(),
        "folder": LAB.folder.exists(),
    }


def processes_of_the_lab() -> list[str]:
    """By their arguments, which have a path of the lab: another way than the lab's own."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{LAB.folder}/" in words:
                found.append(words)
    return found


def networks_in_use() -> set[int]:
    """The network namespaces of all processes of the machine."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/ns/net"):
        with contextlib.suppress(OSError):
            found.add(path.stat().st_ino)
    return found


def wait_for(condition: str, happens: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not happens():
        assert time.monotonic() < deadline, f"{condition} did not come about in {SECONDS} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def before() -> dict[str, object]:
    """The machine without the lab."""
    kube("down")
    return machine()


@pytest.fixture(scope="module", autouse=True)
def lab(before: dict[str, object]) -> Iterator[None]:
    try:
        kube("up")
        yield
    finally:
        kube("down")


def test_three_nodes_in_three_zones_are_ready() -> None:
    nodes = get("nodes")["items"]
    zones = {node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}
    ready = [
        condition["status"]
        for node in nodes
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    ]
    assert zones == {"n1": "a", "n2": "b", "n3": "c"}
    assert ready == ["True"] * 3


def test_a_second_up_leaves_everything_as_it_is() -> None:
    running = components(LAB)
    assert "up already" in kube("up").stdout
    assert components(LAB) == running
    assert kube("status").returncode == 0


def test_a_pod_is_found_by_its_headless_name_and_by_a_service() -> None:
    port = {"port": 8080}
    spec = {"selector": {"app": "found"}, "ports": [port]}
    apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "headless"},
            "spec": {"clusterIP": "None", **spec},
        },
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "service"}, "spec": spec},
        pod("found", "httpd -f -p 8080 -h /etc", hostname="found", subdomain="headless", nodeName="n1"),
    )
    kubectl("wait", "--for=condition=Ready", "pod/found", f"--timeout={SECONDS}s")
    address = get("pod", "found")["status"]["podIP"]
    fetch = "until wget -q -T 2 -O - http://%s:8080/passwd; do sleep 0.2; done"
    script = f"nslookup found.headless.default.svc.cluster.local; {fetch % 'found.headless'}; {fetch % 'service'}"
    apply(pod("finder", script, nodeName="n2"))
    log = end_of("finder")
    assert f"Address: {address}\n" in log
    assert log.count("root:x:0:0") == 2
    assert address in kube("exec", "--", "getent", "hosts", "found.headless.default.svc").stdout


def test_a_claim_is_bound_and_keeps_what_is_written_on_its_node() -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "claim"}}]
    apply(claim, pod("writer", "echo kept > /data/file", volumes=volumes))
    end_of("writer")
    apply(pod("reader", "cat /data/file", volumes=volumes))
    assert end_of("reader") == "kept\n"
    assert get("pvc", "claim")["status"]["phase"] == "Bound"
    node = get("pod", "writer")["spec"]["nodeName"]
    files = {path.relative_to(LAB.folder).parts[0] for path in LAB.folder.glob("n*/opt/local-path-provisioner/*/file")}
    assert files == {node}


def test_a_path_of_the_host_is_the_nodes_own_and_not_the_machines() -> None:
    volumes = [{"name": "data", "hostPath": {"path": "/data/redis", "type": "DirectoryOrCreate"}}]
    root: dict[str, Any] = {"securityContext": {"runAsUser": 0}}
    apply(
        *(
            pod(f"host-{node}", f"echo {node} > /data/file", volumes=volumes, nodeName=node, **root)
            for node in ("n1", "n2")
        )
    )
    for node in ("n1", "n2"):
        end_of(f"host-{node}")
        assert (LAB.folder / node / "data/redis/file").read_text() == f"{node}\n"


def test_restricted_pod_security_is_enforced() -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "restricted", "labels": labels}})
    good = pod("good", "true")
    bad = pod("bad", "true")
    del bad["spec"]["containers"][0]["securityContext"]
    for each in (good, bad):
        each["metadata"]["namespace"] = "restricted"
    wait_for("the service account", lambda: apply(good, check=False).returncode == 0)
    refused = apply(bad, check=False)
    assert refused.returncode != 0
    assert 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in refused.stderr


def test_every_fetched_server_is_an_image_that_runs() -> None:
    servers = available()
    assert servers
    names = [f"{server.family}-{server.version.replace('.', '-')}" for server in servers]
    probe = "{0}-server --version && redis-server --version && {0}-cli --version && echo x | awk '{{print $1}}'"
    apply(*(pod(name, probe.format(each.family), each.image) for name, each in zip(names, servers, strict=True)))
    for name, server in zip(names, servers, strict=True):
        assert f"server v={server.version} " in end_of(name)


def test_every_fetched_haproxy_is_an_image_that_takes_the_configuration_of_the_role() -> None:
    """As the user of the official image, whose number the pod must say, and with nothing to write to."""
    programs = proxies()
    assert programs
    given = {"port": 6379, "sentinel_port": 26379, "proxy_port": 6379, "proxy_replicas_port": 6380}
    text = configuration(["10.96.0.1"], ["10.96.0.2"], proxy_health_port=8404, ip_family="ipv4", **given)
    apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "proxy"}, "data": {"haproxy.cfg": text}})
    volumes = [{"name": "configuration", "configMap": {"name": "proxy"}}]
    pods = {
        each: pod(f"haproxy-{each.version.replace('.', '-')}", PROXY, each.image, volumes=volumes) for each in programs
    }
    for made in pods.values():
        made["spec"]["securityContext"] |= {"runAsUser": 99}
        made["spec"]["containers"][0]["securityContext"] |= {"readOnlyRootFilesystem": True}
    apply(*pods.values())
    for program, made in pods.items():
        assert f"HAProxy version {program.version}-" in end_of(made["metadata"]["name"])


def test_an_image_is_loaded_into_all_nodes(tmp_path: Path) -> None:
    rootfs = tmp_path / "rootfs"
    (rootfs / "bin").mkdir(parents=True)
    busybox = available()[-1].rootfs / "usr/bin/busybox"
    (rootfs / "bin/sh").write_bytes(busybox.read_bytes())
    (rootfs / "bin/sh").chmod(0o755)
    Image("localhost/loaded:1", rootfs, ["sh"]).write(tmp_path / "image.tar")
    kube("load-image", str(tmp_path / "image.tar"))
    nodes = ("n1", "n2", "n3")
    apply(*(pod(f"loaded-{node}", "echo loaded", "localhost/loaded:1", nodeName=node) for node in nodes))
    assert [end_of(f"loaded-{node}") for node in nodes] == ["loaded\n"] * 3


def kill(*names: str) -> None:
    for name in names:
        number = pid(LAB, name)
        assert number is not None
        os.kill(number, signal.SIGKILL)
    wait_for("the end of what was killed", lambda: not any(pid(LAB, name) for name in names))


def test_down_after_a_crash_leaves_nothing(before: dict[str, object]) -> None:
    kill("kube-apiserver", "n2-kubelet")
    assert kube("status", check=False).returncode == 1
    with contextlib.ExitStack() as held:  # while they are open, their numbers are not given to others
        files = [held.enter_context(path.open("rb")) for path in (LAB.folder / "netns").iterdir()]
        networks = {os.fstat(file.fileno()).st_ino for file in files}
        assert networks <= networks_in_use()
        kube("down")
        assert not networks & networks_in_use()
    assert machine() == before
    assert Cgroups.of(LAB.cgroup).members() == set()
    assert kube("down").returncode == 0


def test_up_over_the_leftovers_of_a_killed_up() -> None:
    environment = {**os.environ, "K8SREDIS_LAB": LAB.name}
    starting = subprocess.Popen([sys.executable, "-m", "tests.kube", "up"], env=environment, stdout=subprocess.DEVNULL)
    wait_for("the start of a node", lambda: pid(LAB, "n2") is not None)
    starting.kill()
    starting.wait()
    assert kube("status", check=False).returncode == 1
    kube("up")
    assert kube("status").returncode == 0


@pytest.mark.parametrize("parts", [["coredns"], ["kube-apiserver", "n1-kubelet", "n3-containerd"]])
def test_up_over_a_lab_of_which_parts_have_died(parts: list[str]) -> None:
    """Without CoreDNS all nodes are still Ready, and yet it is not well."""
    kill(*parts)
    kube("up")
    assert kube("status").returncode == 0
