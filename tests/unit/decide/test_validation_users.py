# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and their rules: each row is one wrong value and the whole message."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import versions

from tests.unit.decide.declarations import GOOD, application, others, problems, wish

PASSWORD = "0123456789abcdef"


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (
            {"application_password": "short"},
            (
                "Cannot use redis_cluster_application_password: it is shorter than 16 characters, and a server "
                "answers millions of guesses a minute; use a longer one."
            ),
        ),
        (
            {"application_password": "0123456789 abcdef"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_password": "0123456789abcdef\n"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_password": "0123456789abcdef\0"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_user": "k8sredis-tool"},
            (
                'Cannot use redis_cluster_application_user="k8sredis-tool": names that begin with k8sredis- or an '
                "underscore are reserved; use another name."
            ),
        ),
        (
            {"application_user": "_operator"},
            (
                'Cannot use redis_cluster_application_user="_operator": names that begin with k8sredis- or an '
                "underscore are reserved; use another name."
            ),
        ),
        (
            {"application_user": "app on nopass +@all"},
            (
                'Cannot use redis_cluster_application_user="app on nopass +@all": a name begins with a letter or '
                "digit and holds up to 128 letters, digits and _ . @ : -; use another name."
            ),
        ),
        (
            {"application_commands": ["+@read", "nopass"]},
            (
                'Cannot use redis_cluster_application_commands="nopass": it is no rule for commands; write for '
                "example +@read, -keys or +config|get."
            ),
        ),
        (
            {"application_commands": ["+get >canary"]},
            (
                "Cannot use redis_cluster_application_commands: a word that begins with # > < or ! is a password; give "
                "it as redis_cluster_application_password."
            ),
        ),
        (
            {"application_keys": ["app:* >canary"]},
            (
                "Cannot use redis_cluster_application_keys: a word that begins with # > < or ! is a password; give it "
                "as redis_cluster_application_password."
            ),
        ),
        (
            {"application_user": "app >canary"},
            (
                "Cannot use redis_cluster_application_user: a word that begins with # > < or ! is a password; give it "
                "as redis_cluster_application_password."
            ),
        ),
        (
            {"application_password": "0123456789abcdef\ud800"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_commands": ["+get\nuser"]},
            (
                'Cannot use redis_cluster_application_commands="user": it is no rule for commands; write for '
                "example +@read, -keys or +config|get."
            ),
        ),
        (
            {"application_commands": ["+gett"]},
            (
                'Cannot use redis_cluster_application_commands="+gett": redis-8.6.7 has no such command and would '
                "not start; correct it."
            ),
        ),
        (
            {"application_keys": ["app:* nopass"]},
            (
                'Cannot use redis_cluster_application_keys="app:* nopass": a pattern is not empty and holds no '
                "space, line break or other control character; use ? in its place."
            ),
        ),
        (
            {"application_channels": [""]},
            (
                'Cannot use redis_cluster_application_channels="": a pattern is not empty and holds no space, line '
                "break or other control character; use ? in its place."
            ),
        ),
    ],
)
def test_the_applications_user(app: dict[str, Any], message: str) -> None:
    assert problems(GOOD, application(**app)) == [message]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (
            {"name": "report", "password": ""},
            "Cannot use redis_cluster_users[0].password: the password of user 'report' is empty; give it one.",
        ),
        (
            {"name": "report", "password": "report"},
            (
                "Cannot use redis_cluster_users[0].password: it is shorter than 16 characters, and a server answers "
                "millions of guesses a minute; use a longer one."
            ),
        ),
        (
            {"name": "default", "password": PASSWORD},
            (
                'Cannot use redis_cluster_users[0].name="default": it is the user of clients without a name, and '
                "belongs to the application; use redis_cluster_application_password for it."
            ),
        ),
        (
            {"name": "k8sredis-x", "password": PASSWORD},
            (
                'Cannot use redis_cluster_users[0].name="k8sredis-x": names that begin with k8sredis- or an '
                "underscore are reserved; use another name."
            ),
        ),
        (
            {"name": "re port", "password": PASSWORD},
            (
                'Cannot use redis_cluster_users[0].name="re port": a name begins with a letter or digit and holds '
                "up to 128 letters, digits and _ . @ : -; use another name."
            ),
        ),
        (
            {"name": "report", "password": PASSWORD, "commands": ["+@nosuch"]},
            (
                'Cannot use redis_cluster_users[0].commands="+@nosuch": redis-8.6.7 has no such category and would '
                "not start; correct it."
            ),
        ),
        (
            {"name": "report", "password": PASSWORD, "keys": ["%R~a\tb"]},
            (
                'Cannot use redis_cluster_users[0].keys="a\\tb": a pattern is not empty and holds no space, line '
                "break or other control character; use ? in its place."
            ),
        ),
    ],
)
def test_further_users(user: dict[str, Any], message: str) -> None:
    found = problems(wish(modules=()), application(), others(user))
    assert message in found
    assert [text for text in found if text != message] == (
        ['Cannot use redis_cluster_users="default": another user has this name; use another name.']
        if user["name"] == "default"
        else []
    )


@pytest.mark.parametrize("word", [">canary", "<canary", "#canary", "!canary"])
def test_a_password_among_the_rules_of_a_user(word: str) -> None:
    user = {"name": "report", "password": PASSWORD, "commands": [word]}
    assert problems(GOOD, application(), others(user)) == [
        (
            "Cannot use redis_cluster_users[0].commands: a word that begins with # > < or ! is a password; give it as "
            "redis_cluster_users[0].password."
        )
    ]


RAED = (
    'Cannot use redis_cluster_application_commands="+@raed": {} has no such category and would not start; correct it.'
)
DOTTED = (
    'Cannot use redis_cluster_application_commands="+foo.bar": {} has no such command and would not start; correct it.'
)


@pytest.mark.parametrize(
    ("image", "modules", "rule", "message"),
    [
        ("redis:8.6.7", ("bundled",), "+@raed", RAED),
        ("redis:7.0.15", ("bundled",), "+@raed", RAED),
        ("redis:7.0.15", ("bundled",), "+@search", RAED.replace("raed", "search")),
        ("redis:7.0.15", ("bundled",), "+foo.bar", DOTTED),
        ("valkey/valkey:9.1.2", ("bundled",), "+foo.bar", DOTTED),
        ("redis:8.6.7", (), "+foo.bar", DOTTED),
        ("redis:8.6.7", ("bundled",), "+@search", ""),
        ("redis:8.6.7", ("bundled",), "+ft.search", ""),
        ("redis:7.0.15", ("/opt/foo.so",), "+foo.bar", ""),
        ("redis:7.0.15", ("bundled", "/opt/foo.so"), "+@foo", ""),
    ],
)
def test_rules_of_modules(image: str, modules: tuple[str, ...], rule: str, message: str) -> None:
    found = problems(wish(image=image, modules=modules), application(application_commands=[rule]))
    assert found == ([message.format(versions.server(image, "")[0])] if message else [])


def test_two_users_of_one_name() -> None:
    twice = others({"name": "a", "password": PASSWORD}, {"name": "a", "password": PASSWORD})
    assert problems(GOOD, application(), twice) == [
        'Cannot use redis_cluster_users="a": another user has this name; use another name.'
    ]


def test_no_password_is_ever_shown() -> None:
    secret = "canary 0123456789"
    found = problems(GOOD, application(application_password=secret), others({"name": "default", "password": secret}))
    assert len(found) == 4
    assert secret not in "".join(found)
