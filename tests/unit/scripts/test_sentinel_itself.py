# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Sentinel starts with, by its former file and by what the others say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.scripts.answers import OF_SENTINEL, SENTINELS, SERVERS, Answering, master, names, replica
from tests.unit.scripts.pod import SHELLS

OTHER = SERVERS["sessions-0-0"]
MYID = "a" * 40


@pytest.fixture(params=sorted(SHELLS))
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Answering:
    made = Answering(tmp_path, request.param)
    made.environment |= {"POD_NAME": "sessions-sentinel-0", **OF_SENTINEL}
    made.program("sleep", ":")
    return made


def started(pod: Answering) -> list[str]:
    done = pod.run("sentinel")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"redis-server {pod.place('/data/sentinel.conf')} --sentinel\n"
    assert "secret" not in done.stderr
    return [line for line in pod.place("/data/sentinel.conf").read_text(encoding="utf-8").splitlines() if line]


def declared(pod: Answering, myid: str) -> list[str]:
    return [
        "port 26379",
        f"dir {pod.place('/data')}",
        f"aclfile {pod.place('/etc/k8sredis/auth')}/users.acl",
        "sentinel announce-ip 10.96.2.0",
        "sentinel announce-port 26379",
        "sentinel sentinel-user k8sredis-peer",
        "sentinel sentinel-pass peer-secret",
        "sentinel resolve-hostnames no",
        f"sentinel myid {myid}",
    ]


def watching(address: str) -> list[str]:
    return [
        f"sentinel monitor web.sessions {address} 6379 2",
        "sentinel auth-user web.sessions k8sredis-sentinel",
        "sentinel auth-pass web.sessions watch-secret",
        "sentinel down-after-milliseconds web.sessions 5000",
        "sentinel failover-timeout web.sessions 60000",
        "sentinel parallel-syncs web.sessions 1",
    ]


KEPT = [
    "sentinel config-epoch web.sessions 4",
    "sentinel leader-epoch web.sessions 5",
    f"sentinel known-replica web.sessions {SERVERS['sessions-0-2']} 6379",
    f"sentinel known-sentinel web.sessions 10.96.2.1 26379 {MYID}",
    "sentinel monitor web.others 10.96.7.7 6379 2",
    "sentinel auth-pass web.others other",
]


def former(pod: Answering, *lines: str) -> None:
    text = ["port 1", "protected-mode no", f"sentinel myid {MYID}", *lines, "sentinel current-epoch 5"]
    pod.write("/data/sentinel.conf", "".join(f"{line}\n" for line in text))


def own_id(lines: list[str]) -> str:
    (line,) = [line for line in lines if line.startswith("sentinel myid ")]
    return line.split()[2]


def test_without_anything_it_starts_without_a_master(pod: Answering) -> None:
    lines = started(pod)
    assert lines == [*declared(pod, own_id(lines)), "sentinel current-epoch 0"]
    assert pod.place("/data/sentinel.conf").stat().st_mode & 0o077 == 0


def test_its_id_follows_from_its_name_and_its_masters(pod: Answering) -> None:
    first = own_id(started(pod))
    pod.place("/data/sentinel.conf").unlink()
    assert own_id(started(pod)) == first
    seen = {first}
    for change in ({"POD_NAME": "sessions-sentinel-1"}, {"POD_NAMESPACE": "b"}, {"MASTER_NAME": "web.b"}):
        pod.environment |= change
        seen.add(own_id(started(pod)))
    assert len(seen) == 4
    assert {len(each) for each in seen} == {40}


def test_what_it_knows_stays_and_what_is_declared_is_written_anew(pod: Answering) -> None:
    old = [line.replace("secret", "old").replace("5000", "1").replace(" 2", " 9") for line in watching(OTHER)]
    former(pod, "sentinel sentinel-pass old", "sentinel announce-ip 10.0.0.1", *old, *KEPT)
    for _time in range(2):
        lines = started(pod)
        expected = [*declared(pod, own_id(lines)), *watching(OTHER), *KEPT, "sentinel current-epoch 5"]
        assert lines == expected


def test_who_is_in_no_line_of_the_book_is_left_out(pod: Answering) -> None:
    ghosts = [
        "sentinel known-replica web.sessions 10.96.9.9 6379",
        f"sentinel known-sentinel web.sessions 10.96.9.8 26379 {MYID}",
    ]
    former(pod, *watching(OTHER), *ghosts)
    lines = started(pod)
    assert lines == [*declared(pod, own_id(lines)), *watching(OTHER), "sentinel current-epoch 5"]


def test_a_master_in_no_line_of_the_book_is_not_watched(pod: Answering) -> None:
    former(pod, *watching("10.96.9.9"), *KEPT)
    lines = started(pod)
    assert lines == [*declared(pod, own_id(lines)), *KEPT[-2:], "sentinel current-epoch 5"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text.split("sentinel current-epoch")[0],
        lambda text: text.replace("sentinel monitor web.sessions", "# sentinel monitor"),
        lambda text: text.replace(MYID, "a" * 39),
        lambda _text: "\0" * 300,
    ],
)
def test_a_file_that_is_cut_short_is_put_aside(pod: Answering, damage: object) -> None:
    former(pod, *watching(OTHER), *KEPT)
    text = pod.place("/data/sentinel.conf").read_text(encoding="utf-8")
    assert callable(damage)
    pod.write("/data/sentinel.conf", damage(text))
    pod.says(names(OTHER), *list(SENTINELS)[1:])
    lines = started(pod)
    assert lines == [*declared(pod, own_id(lines)), *watching(OTHER), "sentinel current-epoch 0"]
    assert len(list(pod.place("/data").glob("sentinel.conf.aside-*"))) == 1


def test_whom_a_majority_of_the_others_names(pod: Answering) -> None:
    pod.says(names(OTHER), *list(SENTINELS)[1:])
    assert f"sentinel monitor web.sessions {OTHER} 6379 2" in started(pod)


LINKED = replica(link="up").replace("10.96.1.1", OTHER).replace("master_host", "master_port:6379\r\nmaster_host")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([master(), LINKED, LINKED], True),
        ([master(), LINKED, ""], False),
        ([master(), LINKED, LINKED.replace(":up", ":down")], False),
        ([master(), LINKED, LINKED.replace(OTHER, "10.96.1.1")], False),
        ([master(), LINKED, master()], False),
        ([LINKED, LINKED, LINKED], False),
    ],
)
def test_whom_all_servers_follow(pod: Answering, said: list[str], found: bool) -> None:
    for server, text in zip(SERVERS, said, strict=True):
        pod.says(text, server)
    pod.says(names(OTHER), "sessions-sentinel-1")  # one of three is no majority
    assert (f"sentinel monitor web.sessions {OTHER} 6379 2" in started(pod)) is found


def test_a_full_disk(pod: Answering) -> None:
    former(pod, *watching(OTHER))
    before = pod.place("/data/sentinel.conf").read_text(encoding="utf-8")
    pod.program("dd", "exit 1")
    done = pod.run("sentinel")
    assert done.returncode == 1
    assert "its sentinel.conf cannot be written; make space on its volume." in done.stderr
    assert pod.place("/data/sentinel.conf").read_text(encoding="utf-8") == before


def test_a_master_whose_pod_has_another_address_now(pod: Answering) -> None:
    """As in an instance that was removed and made again over its claims."""
    former(pod, "sentinel monitor web.sessions 10.96.9.9 6379 2", "sentinel config-epoch web.sessions 4")
    pod.write("/data/servers", "sessions-0-1 10.96.9.8\nsessions-0-0 10.96.9.9\n")
    lines = started(pod)
    assert watching(OTHER)[0] in lines
    assert "sentinel config-epoch web.sessions 4" in lines
    assert pod.place("/data/servers").read_text(encoding="utf-8").startswith(f"sessions-0-0 {OTHER}\n")


@pytest.mark.parametrize("book", ["", "sessions-0-9 10.96.9.9\n", "sessions-0-0 10.96.9.90\n"])
def test_a_master_whom_nobody_knows(pod: Answering, book: str) -> None:
    former(pod, "sentinel monitor web.sessions 10.96.9.9 6379 2")
    pod.write("/data/servers", book)
    done = pod.run("sentinel")
    assert "watched 10.96.9.9, which is no server of this instance any more" in done.stderr
    assert "monitor" not in pod.place("/data/sentinel.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize(("answers_at", "tries"), [(1, 1), (3, 3), (99, 5)])
def test_it_does_not_begin_to_connect_into_the_void(pod: Answering, answers_at: int, tries: int) -> None:
    """Five times at most: a kube_node may be lost for good."""
    former(pod, f"sentinel monitor web.sessions {OTHER} 6379 2")
    asked = pod.folder / "tries"
    hangs = f'echo x >>"{asked}"; [ "$(grep -c x "{asked}")" -ge {answers_at} ] || exit 124'
    pod.program("timeout", f'case "$*" in *" -h {OTHER} -p 6379 PING") {hangs} ;; esac; shift; exec "$@"')
    started(pod)
    assert asked.read_text(encoding="ascii").count("x") == tries
