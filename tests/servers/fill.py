# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many keys in little time: each master makes its own, by a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.loopback import Process

FILL = """
local made = 0
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local key = 'key:' .. number
  local slot = redis.call('CLUSTER', 'KEYSLOT', key)
  if slot >= tonumber(ARGV[3]) and slot <= tonumber(ARGV[4]) then
    redis.call('SET', key, ARGV[5])
    made = made + 1
  end
end
return made
"""

VALUE = "x" * 32

AT_ONCE = 50_000
"""Numbers that one call goes through, so that no server is busy for seconds."""


def fill_script(nodes: str, keys: int, value: str = VALUE) -> Iterator[tuple[str, ...]]:
    """The commands for a master whose CLUSTER NODES this is; none for one without slots."""
    own = [line.split() for line in nodes.splitlines() if "myself" in line]
    if len(own[0]) > 8:
        first, _dash, last = own[0][8].partition("-")
        for start in range(0, keys, AT_ONCE):
            yield ("EVAL", FILL, "0", str(start), str(min(start + AT_ONCE, keys) - 1), first, last or first, value)


def fill(masters: Sequence[Process], keys: int) -> int:
    """``key:0`` and so forth with 32 bytes each, on masters with one range of slots each; how many were made."""
    with ThreadPoolExecutor(len(masters)) as pool:
        return sum(pool.map(lambda master: _fill(master, keys), masters))


def _fill(master: Process, keys: int) -> int:
    return sum(master.ask(*words) for words in fill_script(master.ask("CLUSTER", "NODES"), keys))
