# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users as declared: what each may do, and whether that can be. Pure; PRIVATE to the collection.

Names and rules become words of the ACL file, which knows no quotes: a word that is not exactly one
rule of the right kind is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, directives
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import User
from ansible_collections.k8sredis.core.plugins.module_utils._decide.directives import Modules
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable, unusable_secret
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

USER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:-]{0,127}")
COMMAND_RULE = re.compile(r"[+-](@[a-z0-9_-]+|[a-z0-9_.-]+(\|[a-z0-9_.-]+)?)|allcommands|nocommands", re.IGNORECASE)
KEY_RULE = re.compile(r"(?:%(R|W|RW|WR))?~(.+)", re.IGNORECASE | re.DOTALL)
RIGHTS = re.compile(r"^(%[RW])?[~&]")
PATTERN = re.compile(r"[^\s\x00-\x20\x7f\ud800-\udfff]+")
"""Nor halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
SHORTEST_PASSWORD = 16


@dataclass(frozen=True)
class Login:
    """A declared user. ``setting``: the role's variable that holds it, for messages."""

    setting: str
    name: str
    password: str
    commands: tuple[str, ...]
    keys: tuple[str, ...]
    channels: tuple[str, ...]

    def user(self, hashes: tuple[str, ...]) -> User:
        return User(self.name, hashes, self.commands, self.keys, self.channels)


def application(params: Mapping[str, Any]) -> Login:
    """``params``: the options of cluster_users."""
    given = {name: params.get(f"application_{name}") for name in ("commands", "keys", "channels")}
    return _login("application", params["application_user"], params.get("application_password"), given)


def others(params: Mapping[str, Any]) -> tuple[Login, ...]:
    users = params.get("users") or []
    return tuple(
        _login(f"users[{index}].", user["name"], user.get("password"), user) for index, user in enumerate(users)
    )


def _login(setting: str, name: str, password: str | None, given: Mapping[str, Any]) -> Login:
    """An option that is not given means what applications may do; an empty list means nothing."""
    commands, keys, channels = (given.get(part) for part in ("commands", "keys", "channels"))
    return Login(
        setting=setting,
        name=name,
        password=password or "",
        commands=acl.APPLICATION_COMMANDS if commands is None else _words(commands),
        keys=acl.ALL_KEYS if keys is None else _patterns(keys, key_rule, acl.ALL_KEYS),
        channels=acl.ALL_CHANNELS if channels is None else _patterns(channels, channel_rule, acl.ALL_CHANNELS),
    )


def _words(rules: Iterable[Any]) -> tuple[str, ...]:
    return tuple(word for rule in rules for word in str(rule).split())


def _patterns(patterns: Iterable[Any], rule: Any, everything: tuple[str, ...]) -> tuple[str, ...]:
    """Servers refuse a pattern beside the one that matches everything."""
    rules = tuple(dict.fromkeys(rule(str(pattern)) for pattern in patterns))
    return everything if everything[0] in rules else rules


def key_rule(pattern: str) -> str:
    """``app:*`` and ``~app:*`` are the same; ``%R~app:*`` may only be read."""
    found = KEY_RULE.fullmatch(pattern)
    if not found:
        return f"~{pattern}"
    rights = (found[1] or "RW").upper()
    return f"~{found[2]}" if len(rights) == 2 else f"%{rights}~{found[2]}"


def channel_rule(pattern: str) -> str:
    return pattern if pattern.startswith("&") else f"&{pattern}"


def problems(
    application: Login, others: Sequence[Login], server: Server | None, modules: Modules = Modules.ANY
) -> list[str]:
    """``server`` judges names of commands, when it is known; ``modules`` may bring more of them."""
    logins = [application, *others]
    found = [*_application_name(application), *(text for login in others for text in _name(login))]
    found += _twice(logins)
    found += [text for login in logins for text in _password(login, required=login is not application)]
    for login in logins:
        found += [text for rule in login.commands for text in _command(login, rule, server, modules)]
        found += [
            text
            for part in ("keys", "channels")
            for rule in getattr(login, part)
            for text in _pattern(login, part, rule)
        ]
    return found


def _setting(login: Login, part: str) -> str:
    return f"application_{part}" if login.setting == "application" else f"{login.setting}{part}"


def _application_name(login: Login) -> list[str]:
    return [] if login.name == acl.DEFAULT else _name(login)


def _name(login: Login) -> list[str]:
    setting = "application_user" if login.setting == "application" else f"{login.setting}name"
    if login.name == acl.DEFAULT:
        reason = "it is the user of clients without a name, and belongs to the application"
        return [unusable(setting, login.name, reason, "use redis_cluster_application_password for it")]
    if login.name.startswith((acl.RESERVED_PREFIX, "_")):
        reason = "names that begin with k8sredis- or an underscore are reserved"
        return [unusable(setting, login.name, reason, "use another name")]
    if acl.PASSWORD_RULE.search(login.name):
        return [_password_elsewhere(login, setting)]
    if not USER_NAME.fullmatch(login.name):
        reason = "a name begins with a letter or digit and holds up to 128 letters, digits and _ . @ : -"
        return [unusable(setting, login.name, reason, "use another name")]
    return []


def _twice(logins: Sequence[Login]) -> list[str]:
    count = Counter(login.name for login in logins)
    reason = "another user has this name"
    return [unusable("users", name, reason, "use another name") for name, times in count.items() if times > 1]


def _password(login: Login, *, required: bool) -> list[str]:
    setting = _setting(login, "password")
    if not login.password:
        return (
            [unusable_secret(setting, f"the password of user '{login.name}' is empty", "give it one")]
            if required
            else []
        )
    reason, advice = password_problem(login.password)
    return [unusable_secret(setting, reason, advice)] if reason else []


def password_problem(password: str) -> tuple[str, str]:
    """Why a password cannot be taken and what to do; empty when it can."""
    if not PATTERN.fullmatch(password):
        return "it holds a space, a line break or another control character", "leave these out"
    if len(password) < SHORTEST_PASSWORD:
        reason = f"it is shorter than {SHORTEST_PASSWORD} characters, and a server answers millions of guesses a minute"
        return reason, "use a longer one"
    return "", ""


def _password_elsewhere(login: Login, setting: str) -> str:
    """A word that would be a password in an ACL file, so it is not shown."""
    return unusable_secret(
        setting,
        "a word that begins with # > < or ! is a password",
        f"give it as redis_cluster_{_setting(login, 'password')}",
    )


def _command(login: Login, rule: str, server: Server | None, modules: Modules) -> list[str]:
    setting = _setting(login, "commands")
    if acl.PASSWORD_RULE.match(rule):
        return [_password_elsewhere(login, setting)]
    if not COMMAND_RULE.fullmatch(rule):
        reason = "it is no rule for commands"
        return [unusable(setting, rule, reason, "write for example +@read, -keys or +config|get")]
    if server is None or not directives.is_judgeable(server) or _is_known(rule.lower(), server, modules):
        return []
    kind = "category" if rule[1:2] == "@" else "command"
    return [unusable(setting, rule, f"{server} has no such {kind} and would not start", "correct it")]


def _is_known(rule: str, server: Server, modules: Modules) -> bool:
    word = rule[1:]
    if rule in ("allcommands", "nocommands") or word == "@all":
        return True
    if word[:1] == "@":
        return _is_category(word[1:], server, modules)
    return word in directives.commands(server) or (modules is not Modules.NONE and "." in word)


def _is_category(name: str, server: Server, modules: Modules) -> bool:
    if modules is Modules.ANY or name in directives.categories(server):
        return True
    return modules is Modules.BUNDLED and name in directives.BUNDLED_CATEGORIES


def _pattern(login: Login, part: str, rule: str) -> list[str]:
    pattern = RIGHTS.sub("", rule)
    if PATTERN.fullmatch(pattern):
        return []
    if acl.PASSWORD_RULE.search(pattern):
        return [_password_elsewhere(login, _setting(login, part))]
    reason = "a pattern is not empty and holds no space, line break or other control character"
    return [unusable(_setting(login, part), pattern, reason, "use ? in its place")]
