# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Sentinel starts, with every version: what it keeps of its file, what it writes anew, and how it finds a master
when its file is gone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from redis.exceptions import ResponseError

from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import DOWN_AFTER, SentinelInstance, SentinelPod, ServerPod, sentinel_instance
from tests.servers import Server

SUITES = ("redis-trixie", "valkey-sid")


def settings(sentinel: SentinelPod) -> dict[str, str]:
    names = ("quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs", "config-epoch")
    return {name: sentinel.told()[name] for name in names}


def restart(*sentinels: SentinelPod) -> None:
    for sentinel in sentinels:
        sentinel.kill()
    for sentinel in sentinels:
        sentinel.start()


def come_to_agree(made: SentinelInstance, master: ServerPod) -> None:
    assert eventually(partial(made.agree_on, master)), made.trouble()


def other_master(made: SentinelInstance, master: ServerPod) -> ServerPod:
    """Another one has taken over, for all that run."""
    running = [each for each in made.sentinels if each.answers()]
    assert eventually(lambda: "NOGOODSLAVE" not in try_failover(running[0])), made.trouble()

    def named() -> set[str]:
        return {each.names() for each in running}

    assert eventually(lambda: len(named()) == 1 and named() != {master.address}), made.trouble()
    return next(each for each in made.servers if each.address in named())


def try_failover(sentinel: SentinelPod) -> str:
    try:
        return str(sentinel.ask("SENTINEL", "FAILOVER", sentinel.made.master_name))
    except ResponseError as error:
        return str(error)


def test_its_file_is_kept_and_what_is_declared_is_written_anew(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        changing, absent, _third = made.sentinels
        own_id = changing.ask("SENTINEL", "MYID")
        for declared in ("2500", "2600", str(DOWN_AFTER)):
            changing.pod.environment |= {"DOWN_AFTER": declared, "PARALLEL_SYNCS": "2"}
            restart(changing)
            come_to_agree(made, master)
            assert settings(changing)["down-after-milliseconds"] == declared
            assert settings(changing)["parallel-syncs"] == "2"
            assert changing.ask("SENTINEL", "MYID") == own_id
        text = changing.file.read_text(encoding="utf-8")
        assert [text.count(f"sentinel {word} ") for word in ("monitor", "myid", "current-epoch")] == [1, 1, 1]

        absent.kill()
        successor = other_master(made, master)
        assert f"sentinel monitor {made.master_name} {master.address} " in absent.file.read_text(encoding="utf-8")
        absent.start()
        come_to_agree(made, successor)
        assert settings(absent)["config-epoch"] == settings(changing)["config-epoch"] == "1"


def test_one_that_lost_its_disk_is_the_same_again(server: Server, shell: str, tmp_path: Path) -> None:
    """A new one beside its former self would be counted for every majority."""
    with sentinel_instance(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        lost = made.sentinels[0]
        own_id = lost.ask("SENTINEL", "MYID")
        lost.kill()
        lost.lose_disk()
        lost.start()
        come_to_agree(made, master)
        assert lost.ask("SENTINEL", "MYID") == own_id
        assert settings(lost) == settings(made.sentinels[1])
        for sentinel in made.sentinels:
            assert sentinel.ask("SENTINEL", "CKQUORUM", made.master_name).startswith("OK 3 usable Sentinels")


def test_a_file_that_is_cut_short(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        cut, zeros, vacant = made.sentinels
        text = cut.file.read_text(encoding="utf-8")
        for damaged in (text[:-7], text[: text.index("sentinel monitor") + 30], without(text, "sentinel monitor")):
            cut.kill()
            cut.file.write_text(damaged, encoding="utf-8")
            cut.start()
            come_to_agree(made, master)
        assert len(list(cut.pod.place("/data").glob("sentinel.conf.aside-*"))) == 3
        assert "is cut short" in cut.log
        for sentinel, content in ((zeros, bytes(512)), (vacant, b"")):
            sentinel.kill()
            sentinel.file.write_bytes(content)
            sentinel.start()
            come_to_agree(made, master)


def without(text: str, start: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(start))


def test_all_lost_their_disks(server: Server, shell: str, tmp_path: Path) -> None:
    """While all servers run they name the master again; after that nobody may, and the data stays for who decides."""
    with sentinel_instance(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        assert master.ask("SET", "one", "1", user="default") == "OK"
        for sentinel in made.sentinels:
            sentinel.kill()
            sentinel.lose_disk()
        for sentinel in made.sentinels:
            sentinel.start()
        come_to_agree(made, master)

        made.kill()
        for sentinel in made.sentinels:
            sentinel.lose_disk()
        made.start()
        assert eventually(lambda: all(pod.follows_nobody() for pod in made.servers)), made.trouble()
        assert eventually(lambda: all(pod.answers() for pod in made.sentinels)), made.trouble()
        assert [sentinel.names() for sentinel in made.sentinels] == ["", "", ""]
        assert "starts without a master" in made.sentinels[0].log
        assert master.ask("DBSIZE") == 1
        made.promote(master)
        assert made.servers[1].ask("DBSIZE") == 1


def test_who_is_gone_from_the_book_is_forgotten(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        gone_server, gone_sentinel = made.servers.pop(), made.sentinels.pop()
        for pod in (gone_server, gone_sentinel):
            pod.kill()
        made.write_book(made.servers, made.sentinels)
        restart(*made.sentinels)
        come_to_agree(made, master)
        assert all("no server of this instance any more" not in each.log for each in made.sentinels)

        made.write_book(made.servers[1:], made.sentinels)
        restart(made.sentinels[0])
        assert eventually(made.sentinels[0].answers), made.trouble()
        assert "which is no server of this instance any more" in made.sentinels[0].log
        assert made.sentinels[0].names() == ""
