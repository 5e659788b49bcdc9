# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the end-to-end tests rest on, without a Kubernetes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis.crc import key_slot

from tests.e2e import faults
from tests.e2e.client import key_of_each_slot
from tests.e2e.rivals import Rivals
from tests.e2e.watched import TASK, Watched, descendants

NESTED = (
    "import os, subprocess, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    subprocess.Popen(['sleep', '600']); print('TASK [both run] ***', flush=True); time.sleep(600)\n"
    "time.sleep(600)\n"
)


def test_one_key_in_each_slot() -> None:
    assert [key_slot(key.encode()) for key in key_of_each_slot()] == list(range(16384))


def test_kill_takes_workers_in_sessions_of_their_own() -> None:
    """Ansible's workers are such."""
    process = subprocess.Popen([sys.executable, "-c", NESTED], stdout=subprocess.PIPE, text=True)
    run = Watched(process)
    run.until("both run")
    started = descendants(process.pid)
    assert len(started) == 2
    run.kill()
    assert [pid for pid in started if _runs(pid)] == []
    assert process.returncode == -9


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
        return state.rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_the_server_of_a_container_is_found_and_nothing_else(tmp_path: Path) -> None:
    """In cgroup folders made by hand: not another program beside it, nor a server of another pod or container."""
    server = tmp_path / "redis-server"
    server.symlink_to(shutil.which("sleep") or "")
    with ExitStack() as stack:
        pids = [
            stack.enter_context(_running([program, "600"])) for program in (str(server), "sleep", *[str(server)] * 2)
        ]
        places = ("pod1/a", "pod1/a", "pod1/b", "pod2/a")
        for pid, place in zip(pids, places, strict=True):
            folder = tmp_path / "kubepods" / "burstable" / place
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "cgroup.procs").open("a") as file:
                file.write(f"{pid}\n")
        assert faults.servers_in([tmp_path], "1", "a") == {pids[0]}
        assert faults.servers_in([tmp_path], "3", "a") == set()


@contextmanager
def _running(command: list[str]) -> Iterator[int]:
    with subprocess.Popen(command) as process:
        yield process.pid
        process.kill()


def test_task_names() -> None:
    lines = {
        "TASK [k8sredis.core.redis_cluster : Take the lock] *****": "Take the lock",
        "TASK [k8sredis.core.redis_common : Apply the objects] ***": "Apply the objects",
        "TASK [Examine the cluster] ****": "Examine the cluster",
        "ok: [localhost]": None,
    }
    for line, name in lines.items():
        found = TASK.match(line)
        assert (found[1] if found else None) == name


@pytest.mark.parametrize(
    ("taken", "together"),
    [
        ({"a": [1.0, 2.0, 3.0]}, 0.0),
        ({"a": [1.0, 2.0], "b": [8.0, 9.0]}, -6.0),
        ({"a": [1.0, 4.0, 9.0], "b": [8.0, 12.0]}, 1.0),
        ({"a": [1.0, 2.0, 33.0], "b": [8.0, 20.0, 30.0, 40.0]}, 0.0),
        ({"a": [1.0, 2.0, 33.0, 36.5], "b": [8.0, 17.0, 26.0, 35.0]}, 2.0),
        ({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": []}, -1.0),
    ],
    ids=["alone", "one after the other", "both", "one write of a former one", "a former one goes on", "three"],
)
def test_two_servers_that_take_writes_at_the_same_time(taken: dict[str, list[float]], together: float) -> None:
    watch = Rivals()
    watch.taken = taken
    assert watch.together == together
