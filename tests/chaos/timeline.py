# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a run, as SVG: for each shard what was acknowledged in each 100 ms, with the steps of the operation.

Pure. Bars are acknowledged writes by client, the strip below them is green where reads succeeded and red where a
client got an error; a time without any acknowledged write has a red ground.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from tests.chaos.operations import READ, Operation
from tests.chaos.plan import client_of, slot_of
from tests.chaos.record import Mark, Run
from tests.chaos.verdict import Verdict

BUCKET = 0.1
"""Seconds."""
LEFT, RIGHT, HEAD = 150, 30, 84
LANE, BARS, STRIP = 92, 60, 7
LETTER, ROW = 6.6, 15
"""Width of a letter and height of a row of the labels of marks."""
NARROWEST, WIDEST = 900, 8000
SHOWN_GAP = 0.3
TICKS = (0.5, 1, 2, 5, 10, 30, 60, 300)
COLOURS = ("#3f6fa3", "#e2a12f", "#7d5ba6", "#4f9d9d")
READS, ERRORS, GAP = "#5f9e5f", "#c62828", "#fbdcdc"


@dataclass(frozen=True)
class Scale:
    began: float
    seconds: float

    @property
    def width(self) -> float:
        """Eight pixels for a bucket, fewer in a long run: at least one until the picture is at its widest."""
        buckets = self.seconds / BUCKET
        return min(max(buckets, min(buckets * 8, NARROWEST)), WIDEST)

    def x(self, time: float) -> float:
        return LEFT + (time - self.began) / self.seconds * self.width

    @property
    def bucket_width(self) -> float:
        return BUCKET / self.seconds * self.width

    def bucket_x(self, bucket: int) -> float:
        return self.x(self.began + bucket * BUCKET)


@dataclass
class Lane:
    """Times of one shard."""

    name: str
    owner: str
    writes: dict[str, list[float]]
    reads: list[float]
    errors: list[float]


def draw(run: Run, operations: Sequence[Operation], verdict: Verdict) -> str:
    scale = Scale(run.began, max(run.ended - run.began, BUCKET))
    lanes = _lanes(run, operations)
    rows = mark_rows(run.marks, scale)
    top = HEAD + (max(rows, default=0) + 1) * ROW + 6
    bottom = top + LANE * len(lanes)
    summary = _summary(run, verdict)
    ends = [scale.x(run.ended), 12 + len(summary) * LETTER, *(end for _begin, end in _label_spans(run.marks, scale))]
    right = max(ends) + RIGHT
    parts = [
        *_head(run, verdict, summary),
        *(part for number, lane in enumerate(lanes) for part in _lane(lane, run, scale, top + number * LANE, lanes)),
        *_axis(scale, bottom),
        *_marks(run.marks, rows, scale, top, bottom),
    ]
    size = f'width="{right:.0f}" height="{bottom + 40}"'
    style = 'font-family="DejaVu Sans, Verdana, sans-serif" font-size="11" fill="#222"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', ground, *parts, "</svg>", ""])


def _lanes(run: Run, operations: Sequence[Operation]) -> list[Lane]:
    shard_of = run.shard_of_each_slot()
    lanes = {
        name: Lane(name, owner, {client: [] for client in run.clients}, [], []) for owner, name in run.shards.items()
    }
    for one in operations:
        lane = lanes.get(shard_of[slot_of(one.key)])
        if lane is None or one.done is None or not run.began <= one.done <= run.ended:
            continue
        if not one.acknowledged:
            lane.errors.append(one.done)
        elif one.verb == READ:
            lane.reads.append(one.done)
        else:
            lane.writes[client_of(one.key)].append(one.done)
    return list(lanes.values())


def buckets(times: Iterable[float], began: float) -> Counter[int]:
    return Counter(int((time - began) / BUCKET) for time in times)


def _summary(run: Run, verdict: Verdict) -> str:
    told, gap = verdict.account, verdict.longest_gap()
    return (
        f"{told.acknowledged} writes and {verdict.reads} reads acknowledged in {verdict.seconds:.1f} s from "
        f"{run.started}; {told.unknown} writes of unknown outcome; "
        f"longest time without a write {gap.seconds * 1000:.0f} ms"
    )


def _head(run: Run, verdict: Verdict, summary: str) -> Iterator[str]:
    told = verdict.account
    colour = "#1b6e1b" if verdict.clean else ERRORS
    yield text(12, 22, f"{told.lost} lost, {told.duplicated} duplicated, {told.reordered} reordered", colour, bold=True)
    yield text(12, 40, summary)
    named = [*zip(run.clients, COLOURS, strict=False), ("read", READS), ("error", ERRORS), ("no write", GAP)]
    x = 12.0
    for name, colour in named:
        yield f'<rect x="{x:.0f}" y="51" width="11" height="11" fill="{colour}"/>'
        yield text(x + 15, 61, name)
        x += 32 + len(name) * LETTER
    yield text(x, 61, "(each bar: 100 ms)", "#777")


def _lane(lane: Lane, run: Run, scale: Scale, top: float, lanes: Sequence[Lane]) -> Iterator[str]:
    base = top + BARS + 8
    yield text(12, top + 26, lane.name, bold=True)
    yield text(12, top + 41, lane.owner, "#777")
    yield from _gaps(lane, run, scale, top + 8)
    yield from _bars(lane, run, scale, base, highest(lanes, run.began))
    strips = ((lane.reads, READS, base + 2), (lane.errors, ERRORS, base + 3 + STRIP))
    for times, colour, y in strips:
        cells = "".join(_box(scale, bucket, y + STRIP, STRIP) for bucket in sorted(buckets(times, run.began)))
        yield f'<path fill="{colour}" d="{cells}"/>'
    yield f'<path stroke="#999" d="M{LEFT},{base}H{scale.x(run.ended):.1f}"/>'


def highest(lanes: Sequence[Lane], began: float) -> int:
    """The same scale for all lanes, so that they compare."""
    most = [max(buckets(_all_writes(lane), began).values(), default=0) for lane in lanes]
    return max([1, *most])


def _all_writes(lane: Lane) -> list[float]:
    return sorted(time for some in lane.writes.values() for time in some)


def _bars(lane: Lane, run: Run, scale: Scale, base: float, most: int) -> Iterator[str]:
    below: Counter[int] = Counter()
    for (_client, times), colour in zip(lane.writes.items(), COLOURS, strict=False):
        counted = buckets(times, run.began)
        unit = BARS / most
        bars = [_box(scale, bucket, base - below[bucket] * unit, counted[bucket] * unit) for bucket in sorted(counted)]
        yield f'<path fill="{colour}" d="{"".join(bars)}"/>'
        below += counted


def _box(scale: Scale, bucket: int, bottom: float, height: float) -> str:
    width = max(scale.bucket_width - (0.6 if scale.bucket_width > 3 else 0), 0.3)
    return f"M{scale.bucket_x(bucket):.1f},{bottom:.1f}v-{height:.1f}h{width:.1f}v{height:.1f}z"


def _gaps(lane: Lane, run: Run, scale: Scale, top: float) -> Iterator[str]:
    """Grounds for the long ones; the longest says how long it is."""
    times = [run.began, *_all_writes(lane), run.ended]
    gaps = [(after - before, before) for before, after in pairwise(times)]
    for seconds, began in gaps:
        if seconds >= SHOWN_GAP:
            x, width = scale.x(began), seconds / scale.seconds * scale.width
            yield f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{BARS}" fill="{GAP}"/>'
    seconds, began = max(gaps)
    if seconds >= SHOWN_GAP:
        yield text(scale.x(began) + 2, top + 9, f"{seconds * 1000:.0f} ms", ERRORS)


def _axis(scale: Scale, y: float) -> Iterator[str]:
    step = next((tick for tick in TICKS if tick / scale.seconds * scale.width >= 50), TICKS[-1])
    for number in range(int(scale.seconds / step) + 1):
        x = scale.x(scale.began + number * step)
        yield f'<path stroke="#999" d="M{x:.1f},{y}v5"/>'
        yield text(x, y + 18, f"{number * step:g} s", "#555", middle=True)


def _label_spans(marks: Sequence[Mark], scale: Scale) -> list[tuple[float, float]]:
    return [(scale.x(mark.at), scale.x(mark.at) + 6 + len(mark.text) * LETTER) for mark in marks]


def mark_rows(marks: Sequence[Mark], scale: Scale) -> list[int]:
    """A row for each label, 0 the lowest: above each later mark that it would cover, so no line crosses a label."""
    spans = _label_spans(marks, scale)
    rows = [0] * len(marks)
    for number in reversed(range(len(marks))):
        covered = [rows[later] for later in range(number + 1, len(marks)) if spans[later][0] < spans[number][1] + 4]
        rows[number] = max(covered, default=-1) + 1
    return rows


def _marks(marks: Sequence[Mark], rows: Sequence[int], scale: Scale, top: float, bottom: float) -> Iterator[str]:
    for mark, row in zip(marks, rows, strict=True):
        x, y = scale.x(mark.at), top - 6 - row * ROW
        yield f'<path stroke="#222" stroke-dasharray="3,2" d="M{x:.1f},{y - 10}V{bottom}"/>'
        yield text(x + 4, y, mark.text)


def text(x: float, y: float, words: str, colour: str = "", *, bold: bool = False, middle: bool = False) -> str:
    attributes: Mapping[str, str] = {
        "fill": colour,
        "font-weight": "bold" if bold else "",
        "text-anchor": "middle" if middle else "",
    }
    more = "".join(f' {name}="{value}"' for name, value in attributes.items() if value)
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'
