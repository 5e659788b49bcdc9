# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture is well-formed, and its labels do not cover each other."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos import timeline
from tests.chaos.record import Found, Mark
from tests.chaos.timeline import Scale, mark_rows
from tests.chaos.verdict import judge
from tests.unit.chaos.fabricated import a_run, acknowledged, key_in, uncounted, was_read
from tests.unit.chaos.test_verdict import FOUND

SVG = "{http://www.w3.org/2000/svg}"


def _texts(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314  ours


def test_it_tells_steps_shards_and_gaps() -> None:
    run = a_run(Mark(102.0, "scale <3> & more"), Mark(102.1, "again"))
    operations = [
        acknowledged(key_in(0), 101.0),
        acknowledged(key_in(0), 104.5),
        was_read(key_in(3), 105.0),
        uncounted(6),
    ]
    texts = _texts(timeline.draw(run, operations, judge(run, operations, FOUND)))
    for expected in ("scale <3> & more", "again", "0-8191", "8192-16383", "10.0.0.2:6379", "5500 ms", "10000 ms"):
        assert expected in texts


def test_a_run_without_anything_has_a_picture() -> None:
    run = a_run(began=5.0, ended=5.0)
    assert _texts(timeline.draw(run, [], judge(run, [], Found(FOUND.counters, FOUND.lists))))


def test_bars_are_counted_from_the_beginning_of_the_run() -> None:
    assert timeline.buckets([100.0, 100.05, 100.11, 100.19, 101.0], 100.0) == {0: 2, 1: 2, 10: 1}


@given(st.lists(st.tuples(st.floats(0, 100), st.text("abc ", min_size=1, max_size=40)), max_size=12))
def test_labels_do_not_cover_labels_or_lines(marks: list[tuple[float, str]]) -> None:
    scale = Scale(0.0, 100.0)
    sorted_marks = [Mark(at, text) for at, text in sorted(marks)]
    rows = mark_rows(sorted_marks, scale)
    spans = timeline._label_spans(sorted_marks, scale)
    for number, (_begin, end) in enumerate(spans):
        for later in range(number + 1, len(spans)):
            assert rows[later] < rows[number] or spans[later][0] > end, "a later line or label begins inside this one"
