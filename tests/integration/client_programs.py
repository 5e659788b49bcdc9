# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of examples/clients: each is built once, as its own first lines say, and run with an instance."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cache import cache_dir, locked, made_whole
from tests.environment import CHECKOUT, check_go, require_commands
from tests.integration.pod_process import WITHIN, eventually
from tests.integration.sentinel_pods import APPLICATION, ASKER, SentinelInstance
from tests.unit.scripts.pod import which

PROGRAMS = ("redis_py", "go_redis", "jedis")
EXAMPLES = CHECKOUT / "examples" / "clients"
BUILD = {
    "go_redis": (["gofmt", "-l", "."], ["go", "vet", "."], ["go", "build", "-mod=readonly", "-o", "writer", "."]),
    "jedis": (["mvn", "--batch-mode", "--quiet", "compile", "dependency:copy-dependencies"],),
}
JAVA = {"maven": "mvn", "default-jdk-headless": "javac"}
ENDLESS = "1000000"


def command(name: str) -> list[str]:
    if name == "redis_py":
        return [sys.executable, str(EXAMPLES / name / "writer.py")]
    built = _built(name)
    if name == "go_redis":
        return [str(built / "writer")]
    return ["java", "-cp", f"{built}/target/classes:{built}/target/dependency/*", "Writer"]


def _built(name: str) -> Path:
    digest = hashlib.sha256(repr(BUILD[name]).encode())
    for path in sorted(path for path in (EXAMPLES / name).rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(EXAMPLES)}\n".encode() + path.read_bytes())
    target = cache_dir() / "clients" / f"{name}-{digest.hexdigest()[:12]}"
    with locked(target.parent):
        if not target.exists():
            _require(name)
            with made_whole(target) as scratch:
                shutil.copytree(EXAMPLES / name, scratch, dirs_exist_ok=True)
                for words in BUILD[name]:
                    _run(words, scratch)
    return target


def _require(name: str) -> None:
    if name == "go_redis":
        check_go("the example of go-redis")
    else:
        require_commands(JAVA)


def _run(words: list[str], folder: Path) -> None:
    """gofmt names the files that it would change, and succeeds."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"`{' '.join(words)}` ended with {done.returncode}: {said}"
    assert words[0] != "gofmt" or not said, f"gofmt would change {said}"


def settings(made: SentinelInstance) -> dict[str, str]:
    return {
        "SENTINELS": ",".join(f"{each.address}:{made.sentinel_port}" for each in made.sentinels),
        "MASTER_NAME": made.master_name,
        "SENTINEL_PASSWORD": ASKER,
        "PASSWORD": APPLICATION,
        "WRITES": ENDLESS,
    }


def run(name: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """To its end."""
    return subprocess.run(
        command(name),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * WITHIN,
    )


@dataclass
class Program:
    """One that runs."""

    name: str
    folder: Path

    @property
    def acknowledged(self) -> dict[str, str]:
        """Keys that were written, each with what was read then; a last line that is cut short is none."""
        text = (self.folder / f"{self.name}.out").read_text(encoding="utf-8")
        return dict(line.split(" ", 1) for line in text[: text.rfind("\n") + 1].splitlines())

    def wait_for_more(self) -> None:
        wanted = len(self.acknowledged) + 50
        assert eventually(lambda: len(self.acknowledged) >= wanted, 2 * WITHIN), f"{self.name} stands still: {self.log}"

    @property
    def log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")[-3000:]


@contextmanager
def running(made: SentinelInstance, folder: Path) -> Iterator[list[Program]]:
    """All of them at once, and each at work."""
    programs = [Program(name, folder) for name in PROGRAMS]
    commands = [command(name) for name in PROGRAMS]
    with ExitStack() as stack:
        for program, words in zip(programs, commands, strict=True):
            output, log = (stack.enter_context((folder / f"{program.name}.{end}").open("wb")) for end in ("out", "log"))
            process = subprocess.Popen(
                # setpriv: it ends with the program that started it, even when that is killed.
                [which("setpriv"), "--pdeathsig", "KILL", "--", *words],
                env={**os.environ, **settings(made)},
                stdout=output,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        for program in programs:
            program.wait_for_more()
        yield programs
