# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.servers fetch|list``."""

from __future__ import annotations

import argparse
import sys

from tests.servers.apt import FetchError
from tests.servers.fetch import fetch_missing
from tests.servers.store import available, missing, proxies


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers", description="Redis, Valkey and HAProxy for the tests."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fetch", help="fetch what is not in the cache yet, of every Debian suite")
    verbs.add_parser("list", help="show what is in the cache, and what is not")
    if parser.parse_args().verb == "fetch":
        try:
            fetch_missing(say=lambda line: print(line, flush=True))
        except FetchError as error:
            print(error, file=sys.stderr)
            return 1
    else:
        show()
    return 0


def show() -> None:
    for server in (*available(), *proxies()):
        print(f"{server.family:7} {server.version:8} {server.suite:13} {server.rootfs}")
    for source in missing():
        need = "required" if source.required else "optional"
        print(f"{source.family:7} {'-':8} {source.suite:13} not fetched ({need})")


if __name__ == "__main__":
    sys.exit(main())
