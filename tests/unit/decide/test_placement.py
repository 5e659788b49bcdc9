# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which members form a shard, and which of them becomes its master."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import placement
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node, Refused, Retryable, View
from hypothesis import example, given
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import endpoint, fresh, fresh_view, healthy, member, met, names, view, wish
from tests.unit.stand_ins.cluster import node_id


def layout(*places: str) -> View:
    """Fresh pods; each place is ``<shard>: <zone>/<kube_node> <zone>/<kube_node> …``, by ordinal."""
    nodes = []
    for text in places:
        shard, _colon, members = text.partition(":")
        for ordinal, where in enumerate(members.split()):
            zone, _slash, kube_node = where.partition("/")
            nodes.append(fresh(member(f"shop-{shard}-{ordinal}", kube_node, zone)))
    return view(*nodes)


def masters(found: View, shards: int, replicas: int = 1) -> list[str]:
    groups = placement.shards(found, wish(shards, replicas))
    return [one.name for one in placement.masters(groups).values()]


def groups(found: View, shards: int, replicas: int = 1) -> list[list[str]]:
    """Members of each shard in words; ``10.0.0.1:7`` is shortened to ``1:7``."""
    found_groups = placement.shards(found, wish(shards, replicas))
    return [[one.name.removeprefix("10.0.0.") for one in group] for group in found_groups.values()]


def endpoints(*names: str) -> View:
    """Fresh endpoints, ``<last byte of the host>:<port>``."""
    return view(*(fresh(endpoint(f"10.0.0.{name.split(':')[0]}", int(name.split(":")[1]))) for name in names))


# Masters among pods with labels.

CHOICES = [
    ("nothing known of the places: the first of each", ["0: / /", "1: / /", "2: / /"], "000"),
    ("all alike: the first of each", ["0: a/1 b/2", "1: b/2 c/3", "2: c/3 a/1"], "000"),
    ("zones share the masters", ["0: a/1 b/2", "1: a/1 c/3", "2: a/1 b/2"], "011"),
    ("zones before nodes", ["0: a/1 b/2", "1: a/3 b/4"], "01"),
    ("nodes where zones are equal", ["0: a/1 a/2", "1: a/1 a/2"], "01"),
    ("nodes where zones are unknown", ["0: /1 /2", "1: /1 /3", "2: /1 /2"], None),
    ("one node has them all", ["0: a/1 a/1", "1: a/1 a/1", "2: a/1 a/1"], "000"),
]


@pytest.mark.parametrize(("places", "ordinals"), [row[1:] for row in CHOICES], ids=[row[0] for row in CHOICES])
def test_choice(places: list[str], ordinals: str | None) -> None:
    found = layout(*places)
    chosen = masters(found, len(places))
    if ordinals is not None:
        assert chosen == [f"shop-{shard}-{ordinal}" for shard, ordinal in enumerate(ordinals)]
    assert cost(found, chosen) == least_cost(found)


def test_a_master_stays_although_the_place_is_crowded() -> None:
    crowded = healthy(3, 1, lambda one: replace(one, zone="ab"[one.ordinal or 0], kube_node=f"{one.ordinal}"))
    assert masters(crowded, 3) == ["shop-0-0", "shop-1-0", "shop-2-0"]


def test_the_others_keep_away_from_the_masters_that_stay() -> None:
    found = layout("0: a/1 b/2", "1: a/1 b/2")
    assert masters(found, 2) == ["shop-0-0", "shop-1-1"]
    found = views.entry(found, "shop-1-0", "shop-1-0", slots=((8192, 16383),))
    assert masters(found, 2) == ["shop-0-1", "shop-1-0"]


def test_a_promoted_replica_is_the_master() -> None:
    found = views.everywhere(healthy(3, 1), "shop-1-0", role="slave", slots=())
    found = views.everywhere(found, "shop-1-1", role="master", slots=((5461, 10922),))
    assert masters(found, 3) == ["shop-0-0", "shop-1-1", "shop-2-0"]


def test_a_slave_that_shows_slots_is_no_master() -> None:
    found = views.everywhere(healthy(3, 1), "shop-1-1", slots=((0, 0),))
    assert masters(found, 3) == ["shop-0-0", "shop-1-0", "shop-2-0"]


def test_two_masters_with_slots_in_a_shard_are_refused() -> None:
    found = views.everywhere(healthy(3, 1), "shop-1-1", role="master", slots=((0, 0),))
    with pytest.raises(Retryable) as refused:
        masters(found, 3)
    assert str(refused.value) == (
        "Cannot tell the master of shard 1: shop-1-0, shop-1-1 all serve slots; look at 'cluster_info', a failover may "
        "be under way."
    )


def test_a_shard_without_members_has_no_master() -> None:
    found = View(tuple(one for one in fresh_view(3, 1).nodes if one.member.shard != 1))
    assert masters(found, 3) == ["shop-0-0", "shop-2-0"]


def test_a_new_shard_keeps_its_master_once_it_is_replicated() -> None:
    found = met([member(name) for name in names(2, 2)])
    assert masters(found, 2, 2) == ["shop-0-0", "shop-1-0"]
    found = views.replicating(found, "shop-1-0", "shop-1-2")
    assert masters(found, 2, 2) == ["shop-0-0", "shop-1-2"]
    # Keys without slots are there while the first slots arrive.
    found = views.info(views.replicating(found, "shop-0-1", "shop-0-2"), "shop-0-0", db0="keys=1,expires=0")
    assert masters(found, 2, 2) == ["shop-0-0", "shop-1-2"]


def test_who_is_to_leave_becomes_no_master_of_a_shard_that_stays() -> None:
    found = layout("0: a/1 b/2 c/3", "1: a/1 b/2 c/3", "2: a/1 b/2 c/3")
    assert {name[-1] for name in masters(found, 3, 2)} == {"0", "1", "2"}
    _groups, chosen = placement.layout(found, wish(3, 1))
    assert {one.name[-1] for one in chosen.values()} == {"0", "1"}
    _groups, chosen = placement.layout(found, wish(2, 2))
    assert sorted(chosen) == [0, 1, 2]


def test_a_shard_of_replicas_only_has_no_master_to_choose() -> None:
    found = views.replicating(met([member(name) for name in names(2, 1)]), "shop-1-0", "shop-0-0")
    found = views.replicating(found, "shop-1-1", "shop-0-0")
    with pytest.raises(Retryable) as refused:
        placement.layout(found, wish(2, 1))
    assert str(refused.value) == (
        "Cannot tell the master of shard 1: shop-1-0, shop-1-1 all are replicas; look at 'cluster_info', a failover "
        "may be under way; replicas of a cluster of before need an empty data folder."
    )
    assert sorted(placement.layout(found, wish(1, 1))[1]) == [0]


def leaving_endpoints(*hosts: int) -> tuple[str, ...]:
    return tuple(f"10.0.0.{host}:6379" for host in hosts)


def test_endpoints_that_leave_are_in_no_shard() -> None:
    found = met([endpoint(f"10.0.0.{host}") for host in range(1, 6)])
    wished = replace(wish(2, 1), leaving=leaving_endpoints(2))
    assert [[one.name[7] for one in group] for group in placement.shards(found, wished).values()] == [
        ["1", "4"],
        ["3", "5"],
    ]
    with pytest.raises(Refused) as refused:
        placement.shards(found, replace(wished, leaving=leaving_endpoints(2, 3)))
    assert "that takes 4 endpoints and 3 are given beside the 2 that leave; name exactly 4" in str(refused.value)


def test_a_leaving_endpoint_is_master_until_a_replica_that_stays_takes_over() -> None:
    found = met([endpoint(f"10.0.0.{host}") for host in range(1, 5)])
    for host, bounds in ((1, (0, 8191)), (2, (8192, 16383))):
        found = views.everywhere(found, f"10.0.0.{host}:6379", slots=(bounds,))
        found = views.everywhere(
            found, f"10.0.0.{host + 2}:6379", role="slave", master_id=node_id(f"10.0.0.{host}:6379")
        )
    groups_, chosen = placement.layout(found, replace(wish(2, 0), leaving=leaving_endpoints(2, 3)))
    assert [[one.name[7] for one in group] for group in groups_.values()] == [["1"], ["2", "4"]]
    assert [one.name[7] for one in chosen.values()] == ["1", "2"]


def test_members_of_a_shard_that_is_not_wished_stay_one() -> None:
    assert groups(fresh_view(4, 0), 3, 0) == [["shop-0-0"], ["shop-1-0"], ["shop-2-0"], ["shop-3-0"]]


def test_ordinals_are_ordered_as_numbers() -> None:
    found = view(*(fresh(member(f"shop-0-{ordinal}")) for ordinal in range(11)))
    assert [name.rsplit("-", 1)[1] for name in groups(found, 1, 10)[0]] == [str(number) for number in range(11)]


def cost(found: View, chosen: list[str]) -> tuple[int, int]:
    """Sum of squares of the masters per zone, and per kube_node: the smaller, the more even."""
    places = [views.node(found, name).member for name in chosen]
    zones, hosts = Counter(one.zone for one in places), Counter((one.zone, one.kube_node) for one in places)
    return sum(number**2 for number in zones.values()), sum(number**2 for number in hosts.values())


def least_cost(found: View) -> tuple[int, int]:
    """Over every possible choice."""
    by_shard: dict[int | None, list[str]] = {}
    for one in found.nodes:
        by_shard.setdefault(one.member.shard, []).append(one.name)
    return min(cost(found, list(chosen)) for chosen in product(*by_shard.values()))


def placed(zones: int, per_zone: int, most_shards: int) -> some.SearchStrategy[View]:
    """Pods anywhere: kube_node k of zone z."""
    where = some.builds(
        lambda z, k: f"{'abcdefgh'[z]}/{z}{k}", some.integers(0, zones - 1), some.integers(0, per_zone - 1)
    )
    shard = some.lists(where, min_size=1, max_size=3)
    return some.lists(shard, min_size=1, max_size=most_shards).map(
        lambda shards: layout(*(f"{number}: {' '.join(members)}" for number, members in enumerate(shards)))
    )


CHAIN_OF_THREE = layout("0: a/1 b/1", "1: a/1", "2: b/1 c/1", "3: c/1 d/1", "4: b/1", "5: c/1 d/1", "6: a/1")


@given(placed(zones=5, per_zone=2, most_shards=7))
@example(CHAIN_OF_THREE)
def test_no_other_choice_spreads_masters_better_over_zones(found: View) -> None:
    assert cost(found, masters(found, 9))[0] == least_cost(found)[0]


@given(placed(zones=1, per_zone=5, most_shards=7))
def test_no_other_choice_spreads_masters_better_over_nodes(found: View) -> None:
    assert cost(found, masters(found, 9)) == least_cost(found)


@given(placed(zones=3, per_zone=4, most_shards=40))
def test_the_choice_is_never_worse_than_the_first_of_each_shard(found: View) -> None:
    firsts = [one.name for one in found.nodes if one.member.ordinal == 0]
    assert cost(found, masters(found, 40)) <= cost(found, firsts)


@given(placed(zones=3, per_zone=4, most_shards=20), some.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order(found: View, chance: random.Random) -> None:
    shuffled = list(found.nodes)
    chance.shuffle(shuffled)
    assert masters(View(tuple(shuffled)), 20) == masters(found, 20)


@given(placed(zones=3, per_zone=4, most_shards=20))
def test_every_shard_with_members_gets_a_master_of_its_own(found: View) -> None:
    chosen = [views.node(found, name).member.shard for name in masters(found, 20)]
    assert chosen == sorted({one.member.shard for one in found.nodes if one.member.shard is not None})


# Shards of endpoints, which have no labels.

DEALS = [
    (
        "each on a host of its own",
        ["1:6", "2:6", "3:6", "4:6", "5:6", "6:6"],
        3,
        1,
        [["1:6", "4:6"], ["2:6", "5:6"], ["3:6", "6:6"]],
    ),
    ("two on each of three hosts", ["1:6", "1:7", "2:6", "2:7", "3:6", "3:7"], 3, 1, None),
    ("three hosts of different size", ["1:6", "1:7", "1:8", "2:6", "2:7", "3:6"], 3, 1, None),
    ("no replicas", ["3:6", "1:6", "2:6"], 3, 0, [["1:6"], ["2:6"], ["3:6"]]),
]


@pytest.mark.parametrize(
    ("names", "shards", "replicas", "wanted"), [row[1:] for row in DEALS], ids=[row[0] for row in DEALS]
)
def test_deal(names: list[str], shards: int, replicas: int, wanted: list[list[str]] | None) -> None:
    found = groups(endpoints(*names), shards, replicas)
    assert wanted is None or found == wanted
    assert all(len({name.split(":")[0] for name in group}) == replicas + 1 for group in found)


def test_number_of_endpoints_is_refused_unless_it_is_exact() -> None:
    with pytest.raises(Refused) as refused:
        groups(endpoints("1:6", "2:6", "3:6"), 3, 1)
    assert str(refused.value) == (
        "Cannot form 3 shards with 1 replicas each: that takes 6 endpoints and 3 are given; name exactly 6, or change "
        "shards or replicas."
    )


def serving(found: View, name: str, first: int, last: int) -> View:
    return views.everywhere(found, f"10.0.0.{name}", slots=((first, last),))


def known(*names: str) -> View:
    return views.met([endpoint(f"10.0.0.{name.split(':')[0]}", int(name.split(":")[1])) for name in names])


def test_masters_of_endpoints_are_numbered_by_their_slots() -> None:
    found = known("1:6", "2:6", "3:6")
    found = serving(serving(serving(found, "1:6", 10923, 16383), "2:6", 0, 5460), "3:6", 5461, 10922)
    assert groups(found, 3, 0) == [["2:6"], ["3:6"], ["1:6"]]


def test_a_master_that_alone_was_given_its_slots_keeps_its_number() -> None:
    # A run was killed when only one of the masters had executed its ADDSLOTSRANGE.
    assert groups(serving(known("1:6", "2:6", "3:6"), "1:6", 5461, 10922), 3, 0)[1] == ["1:6"]


def test_masters_of_an_uneven_cluster_are_numbered_in_slot_order() -> None:
    found = known("1:6", "2:6", "3:6")
    found = serving(serving(serving(found, "1:6", 100, 16383), "2:6", 0, 49), "3:6", 50, 99)
    assert groups(found, 3, 0) == [["2:6"], ["3:6"], ["1:6"]]


def test_replicas_of_endpoints_stay_with_their_master() -> None:
    found = serving(serving(known("1:6", "2:6", "3:6", "4:6"), "1:6", 0, 8191), "2:6", 8192, 16383)
    found = views.replicating(found, "10.0.0.3:6", "10.0.0.2:6")
    assert groups(found, 2) == [["1:6", "4:6"], ["2:6", "3:6"]]


def test_more_replicas_than_wished_are_dealt_again() -> None:
    found = serving(serving(known("1:6", "2:6", "3:6", "4:6"), "1:6", 0, 8191), "2:6", 8192, 16383)
    found = views.replicating(views.replicating(found, "10.0.0.3:6", "10.0.0.2:6"), "10.0.0.4:6", "10.0.0.2:6")
    assert groups(found, 2) == [["1:6", "4:6"], ["2:6", "3:6"]]


def test_one_member_without_a_label_has_all_of_them_dealt() -> None:
    found = views.place(fresh_view(3, 0), "shop-1-0", shard=None)
    assert groups(found, 3, 0) == [["shop-0-0"], ["shop-1-0"], ["shop-2-0"]]
    with pytest.raises(Refused):
        groups(found, 2, 0)


@some.composite
def hosts(draw: some.DrawFn) -> tuple[View, int, int]:
    """Endpoints of which no host has more than there are shards, so that a deal without collision exists."""
    shards, replicas = draw(some.integers(1, 6)), draw(some.integers(0, 3))
    left, names, host = shards * (replicas + 1), [], 0
    while left:
        host += 1
        number = draw(some.integers(1, min(left, shards)))
        names += [f"{host}:{port + 1}" for port in range(number)]
        left -= number
    return endpoints(*names), shards, replicas


def collisions(found: list[list[str]]) -> int:
    return sum(len(group) - len({name.split(":")[0] for name in group}) for group in found)


@given(hosts())
def test_no_host_has_two_members_of_a_shard_where_that_is_possible(drawn: tuple[View, int, int]) -> None:
    found = groups(*drawn)
    assert collisions(found) == 0
    assert [len(group) for group in found] == [drawn[2] + 1] * drawn[1]


@given(hosts(), some.randoms(use_true_random=False))
def test_the_deal_does_not_depend_on_the_order(drawn: tuple[View, int, int], chance: random.Random) -> None:
    found, shards, replicas = drawn
    shuffled = list(found.nodes)
    chance.shuffle(shuffled)
    assert groups(View(tuple(shuffled)), shards, replicas) == groups(found, shards, replicas)


def test_every_member_on_one_host_is_dealt_all_the_same() -> None:
    found = groups(endpoints(*(f"1:{port}" for port in range(1, 7))), 3, 1)
    assert sorted(name for group in found for name in group) == [f"1:{port}" for port in range(1, 7)]
    assert [len(group) for group in found] == [2, 2, 2]


@pytest.mark.parametrize(
    ("where", "host"),
    [(Member("a", host="10.0.0.1", kube_node="n1"), "n1"), (Member("a", host="10.0.0.1"), "10.0.0.1")],
)
def test_what_fails_together(where: Member, host: str) -> None:
    assert placement.host_of(where) == host


def many(shards: int) -> View:
    """Two members for each shard on the nodes of three zones."""
    chance = random.Random(1)
    nodes: list[Node] = []
    for name in views.names(shards, 1):
        number = chance.randrange(50)
        nodes.append(fresh(member(name, f"node{number}", f"zone{number % 3}")))
    return view(*nodes)


def test_five_hundred_shards_are_spread_evenly_over_zones() -> None:
    found = many(500)
    per_zone = Counter(views.node(found, name).member.zone for name in masters(found, 500))
    assert sorted(per_zone.values()) == [166, 167, 167]
