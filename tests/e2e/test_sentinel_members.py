# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests take for a healthy instance with Sentinels, without a Kubernetes: each thing that is wrong
is seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.sentinel_members import Pod, SentinelMembers

NAMES = {
    "server": ["s-0-0", "s-0-1", "s-0-2"],
    "sentinel": ["s-sentinel-0", "s-sentinel-1", "s-sentinel-2"],
    "proxy": ["s-proxy-a", "s-proxy-b"],
}
ADDRESSES = {name: f"10.0.0.{number}" for number, name in enumerate(NAMES["server"] + NAMES["sentinel"], 1)}


def flat(**fields: str) -> list[str]:
    return [text for pair in fields.items() for text in pair]


def replica(name: str) -> str:
    return f"role:slave\r\nmaster_host:{ADDRESSES[name]}\r\nmaster_link_status:up\r\n"


class Answers(SentinelMembers):
    """``said``: by pod and first or second word of what it was asked."""

    said: dict[tuple[str, str], Any]
    there: dict[str, list[Pod]]

    def pods(self, component: str) -> list[Pod]:
        return self.there[component]

    def addresses(self) -> dict[str, str]:
        return ADDRESSES

    def ask(self, pod: Pod, *words: str, **_more: Any) -> Any:
        return self.said[pod["metadata"]["name"], words[1] if words[0] == "SENTINEL" else words[0]]


def healthy() -> Answers:
    number = {component: len(names) for component, names in NAMES.items()}
    made = Answers(Cluster(Path("none"), local=False), "web", "s", number, 2, {}, {}, {})
    ready = {"podIP": "10.1.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    there = {kind: [{"metadata": {"name": name}, "status": ready} for name in names] for kind, names in NAMES.items()}
    first, *others = NAMES["server"]
    said: dict[tuple[str, str], Any] = {(name, "ROLE"): ["slave"] for name in others}
    said |= {(name, "INFO"): replica(first) for name in others}
    said[first, "ROLE"] = ["master"]
    said[first, "INFO"] = (
        "role:master\r\nconnected_slaves:2\r\nslave0:ip=a,state=online\r\nslave1:ip=b,state=online\r\n"
    )
    master = {"ip": ADDRESSES[first], "flags": "master", "num-slaves": "2", "num-other-sentinels": "2", "quorum": "2"}
    for name in NAMES["sentinel"]:
        said[name, "MASTER"] = flat(**master)
        said[name, "CKQUORUM"] = "OK 3 usable Sentinels"
        said[name, "REPLICAS"] = [flat(ip=ADDRESSES[one], flags="slave") for one in others]
        said[name, "SENTINELS"] = [
            flat(ip=ADDRESSES[one], flags="sentinel") for one in NAMES["sentinel"] if one != name
        ]
    object.__setattr__(made, "said", said)
    object.__setattr__(made, "there", there)
    return made


def test_healthy() -> None:
    assert healthy().trouble() == ""


GHOST = flat(ip="10.0.0.99", flags="slave")
WRONG: dict[str, tuple[str, str, Any, str]] = {
    "two masters": ("s-0-1", "ROLE", ["master"], "masters are ['s-0-0', 's-0-1']"),
    "another is followed": ("s-0-2", "INFO", replica("s-0-1"), "s-0-2 follows 10.0.0.2, link up"),
    "a link is down": ("s-0-2", "INFO", replica("s-0-0").replace(":up", ":down"), "s-0-2 follows 10.0.0.1, link down"),
    "a replica is missing": (
        "s-0-0",
        "INFO",
        "role:master\r\nconnected_slaves:1\r\n",
        "s-0-0 has 1 replicas, 0 online",
    ),
    "no quorum": ("s-sentinel-1", "CKQUORUM", "NOQUORUM", "s-sentinel-1 has no quorum"),
    "a ghost": (
        "s-sentinel-0",
        "REPLICAS",
        [flat(ip="10.0.0.2", flags="slave"), flat(ip="10.0.0.3", flags="slave"), GHOST],
        "s-sentinel-0 knows the REPLICAS ['10.0.0.2', '10.0.0.3', '10.0.0.99'] and not ['10.0.0.2', '10.0.0.3']",
    ),
    "somebody is held for dead": (
        "s-sentinel-2",
        "SENTINELS",
        [flat(ip="10.0.0.4", flags="sentinel"), flat(ip="10.0.0.5", flags="s_down,sentinel")],
        "s-sentinel-2 says 10.0.0.5 is s_down,sentinel",
    ),
}


@pytest.mark.parametrize(("pod", "word", "answer", "seen"), WRONG.values(), ids=WRONG)
def test_wrong(pod: str, word: str, answer: Any, seen: str) -> None:
    members = healthy()
    members.said[pod, word] = answer
    assert members.trouble() == seen


@pytest.mark.parametrize(("key", "value"), [("quorum", "1"), ("num-other-sentinels", "3"), ("flags", "s_down,master")])
def test_a_sentinel_that_says_something_else_of_the_master(key: str, value: str) -> None:
    members = healthy()
    told = members.said["s-sentinel-1", "MASTER"]
    told[told.index(key) + 1] = value
    assert members.trouble().startswith(f"s-sentinel-1 says {key} {value} and not ")


def test_pods() -> None:
    members = healthy()
    members.there["proxy"] = members.there["proxy"][:1]
    assert members.trouble() == "1 pods of 2 with a proxy"
    members = healthy()
    members.there["server"][1]["status"] = {}
    assert members.trouble() == "s-0-1 is not Ready"
