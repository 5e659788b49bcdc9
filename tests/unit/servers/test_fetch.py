# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fetching of servers decides, without any fetching."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cache import made_whole
from tests.servers import apt, fetch, store
from tests.servers.suites import PROXIES


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [
        ("5:7.0.15-1~deb12u10", "7.0.15"),
        ("5:8.0.2-3+deb13u1", "8.0.2"),
        ("9.1.0~rc1+dfsg-1", "9.1.0"),
        ("8.10-1", "8.10"),
    ],
)
def test_upstream_version(debian: str, upstream: str) -> None:
    assert fetch.upstream_version(debian) == upstream


def test_the_archive_is_that_of_a_debian_suite_with_component_main(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = (
        "Packages deb bookworm main http://other.example/\n"
        "Packages deb nodistro main http://node.example/debian/\n"
        "DEP-11 deb bookworm main http://dep11.example/debian/\n"
        "Packages deb-src bookworm main http://source.example/debian/\n"
        "Packages deb bookworm contrib http://contrib.example/debian/\n"
        "Packages deb bookworm main http://mirror.example/debian/\n"
    )
    monkeypatch.setattr(apt, "_run", lambda *_: listed)
    assert apt.debian_archive() == "http://mirror.example/debian/"


def test_no_debian_entry_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "_run", lambda *_: "Packages deb noble main http://ubuntu.example/ubuntu/\n")
    with pytest.raises(apt.FetchError, match="Cannot fetch Redis, Valkey and HAProxy: no entry of a Debian suite"):
        apt.debian_archive()


def test_available_is_sorted_by_version_and_ignores_unfinished_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("K8SREDIS_CACHE", str(tmp_path))
    for folder, version in (("redis-8.10.0", "8.10.0"), ("redis-8.6.3", "8.6.3"), (".making-redis-9.0.0", "9.0.0")):
        (tmp_path / "servers" / folder).mkdir(parents=True)
        about = {"family": "redis", "version": version, "suite": "sid"}
        (tmp_path / "servers" / folder / "server.json").write_text(json.dumps(about), encoding="utf-8")
    assert [server.image for server in store.available()] == ["localhost/redis:8.6.3", "localhost/redis:8.10.0"]


def test_haproxy_is_kept_apart_from_the_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("K8SREDIS_CACHE", str(tmp_path))
    source = PROXIES[0]
    folder = store.folder_of(source) / "haproxy-2.6.12"
    folder.mkdir(parents=True)
    store.write(folder, source.family, "2.6.12", source.suite)
    assert store.available() == []
    assert [proxy.image for proxy in store.proxies()] == ["localhost/haproxy:2.6.12"]
    assert source not in store.missing()
    assert source.packages == ["haproxy/bookworm"]


def test_a_failed_making_leaves_nothing_and_the_next_clears_what_a_killed_one_left(tmp_path: Path) -> None:
    (tmp_path / ".making-killed").mkdir()
    with pytest.raises(RuntimeError), made_whole(tmp_path / "thing"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with made_whole(tmp_path / "thing") as scratch:
        (scratch / "file").touch()
        assert not (tmp_path / "thing").exists()
    assert (tmp_path / "thing" / "file").exists()
