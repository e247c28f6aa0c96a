"""Keys that the user has set: a file of keys, what is wrong with it, and which keys clash."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import Protocol

from textual.keys import Keys, _character_to_key

from saetui.errors import InputError
from saetui.paths import config_dir
from saetui.tui.commands import COMMANDS, SIGNS, Command, Commands, command_id

_FILE = "keys.toml"
_MODIFIERS = frozenset({"ctrl", "shift", "alt", "meta", "super", "hyper"})
_NAMED = frozenset(each.value for each in Keys)
_TYPING = "Query line"
# Which scopes hear a key at once; the first that has it takes it.
_TOGETHER = (
    ("Query line", "Search", "Everywhere"),
    ("Steering", "Lists", "Search", "Everywhere"),
    ("Results", "Lists", "Search", "Everywhere"),
    ("Lists", "Features", "Everywhere"),
    ("Family tree", "Lists", "Families", "Everywhere"),
    ("Co-occurrence", "Families", "Everywhere"),
    ("Lists", "Splitting", "Everywhere"),
    ("Lists", "Compare", "Everywhere"),
    ("Map", "Everywhere"),
    ("Lists", "Document", "Everywhere"),
)
_INTRODUCTION = """\
# Keys of saetui. Take away the # before a line and change the key; what is not named here stays as
# it is. Several keys are separated by spaces: "down j". Keys are single characters, such as "u",
# "U" or "/", or names, such as "space", "f5", "ctrl+r" and "alt+1".
"""


@dataclass(frozen=True)
class Keymap:
    """The keys that the app goes by.

    Attributes:
        commands: The table of commands, with these keys.
        changed: The keys of commands whose keys were changed, in Textual's form, by `command_id`.
        remarks: Sentences on keys that stand for two things at once.
    """

    commands: Commands
    changed: Mapping[str, str]
    remarks: tuple[str, ...] = ()


USUAL = Keymap(COMMANDS, {})


def keys_file() -> Path:
    """Where the user's own keys are."""
    return config_dir() / _FILE


def read_keymap(path: Path) -> Keymap:
    """The keys of a file; the usual ones where there is none.

    Raises:
        InputError: The file cannot be read, or names a command or key that does not exist.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return USUAL
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not TOML: {error}.", 'A line reads: undo = "u"') from None
    known = dict(_named())
    changed: dict[str, str] = {}
    for table, entries in tables.items():
        if not isinstance(entries, dict):
            raise _wrong(path, text, "", table, "a key must stand below a heading such as [search]")
        for name, value in entries.items():
            identifier = f"{table}.{name}"
            if identifier not in known:
                raise _wrong(path, text, table, name, f"there is no command '{identifier}'")
            scope, command = known[identifier]
            try:
                wanted = _keys_in(value, scope)
            except ValueError as error:
                raise _wrong(path, text, table, name, str(error)) from None
            if wanted != command.keys:
                changed[identifier] = wanted
    commands, remarks = _one_meaning_each(changed)
    return Keymap(commands, changed, (*remarks, *_hidden(commands, changed)))


class Keyed(Protocol):
    """An app whose keys can be changed.

    Attributes:
        commands: What its keys do.
        remarks: What it says once it is open.
    """

    commands: Commands
    remarks: list[str]

    def set_keymap(self, keymap: Mapping[str, str]) -> None:
        """Have other keys carry out commands."""


def use_own_keys(app: Keyed) -> None:
    """Give an app the user's own keys; what is wrong with them is said once the app is open."""
    try:
        keymap = read_keymap(keys_file())
    except InputError as error:
        app.remarks.append(f"{error.message} The usual keys are in use.")
        return
    app.commands = keymap.commands
    app.set_keymap(dict(keymap.changed))
    app.remarks += keymap.remarks


def keys_text() -> str:
    """A file of keys in which every usual key stands behind a #."""
    lines = [_INTRODUCTION]
    for scope, commands in COMMANDS.items():
        lines.append(f"[{command_id(scope, commands[0]).partition('.')[0]}]")
        for each in commands:
            entry = f'# {command_id(scope, each).partition(".")[2]} = "{each.shown}"'
            lines.append(f"{entry:<32}# {each.help}")
        lines.append("")
    return "\n".join(lines)


def _named() -> Iterator[tuple[str, tuple[str, Command]]]:
    for scope, commands in COMMANDS.items():
        for each in commands:
            yield command_id(scope, each), (scope, each)


def _keys_in(value: object, scope: str) -> str:
    """Textual's names of the keys that a file gives a command of a scope.

    Raises:
        ValueError: With what is wrong.
    """
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not words:
        raise ValueError('keys must read like "u" or "down j"')
    keys = []
    for word in words:
        key = _textual_name(word) if isinstance(word, str) and word else None
        if key is None:
            raise ValueError(f"there is no key '{word}'")
        if scope == _TYPING and (len(word) == 1 or key == "space"):
            raise ValueError(f"'{word}' is a letter where one types")
        keys.append(key)
    return ",".join(keys)


def _textual_name(word: str) -> str | None:
    """Textual's name of a key as a person writes it: `/` is `slash`; None if there is none."""
    *modifiers, key = word.split("+") if len(word) > 1 else [word]
    if not set(modifiers) <= _MODIFIERS:
        return None
    if len(key) == 1 and key.isprintable() and not key.isspace():
        return "+".join([*modifiers, _character_to_key(key)])
    if word in _NAMED or key in _NAMED or _is_sign(key):
        return word
    return None


def _is_sign(key: str) -> bool:
    """Whether a word is the name of a sign, as Textual spells it: `question_mark`."""
    if key in SIGNS:
        return True
    try:
        character = unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        return False
    return _character_to_key(character) == key


def _wrong(path: Path, text: str, table: str, name: str, what: str) -> InputError:
    """What is wrong in the line where a name of a table stands."""
    here, found = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[\s*[\"']?([^\]\"']+?)[\"']?\s*\]", line)
        here = heading[1] if heading else here
        entry = re.match(r"\s*[\"']?([\w. -]+?)[\"']?\s*=", line)
        if not found and (
            (entry is not None and here == table and entry[1] == name)
            or (heading is not None and not table and here == name)
        ):
            found = number
    where = f"Line {found} of {path}" if found else str(path)
    return InputError(f"{where} cannot be used: {what}.", "`saetui keys` lists commands and keys.")


def _one_meaning_each(changed: Mapping[str, str]) -> tuple[Commands, list[str]]:
    """The table with changed keys, of which none has two meanings in a scope, and what was lost."""
    table: dict[str, tuple[Command, ...]] = {}
    remarks = []
    for scope, listed in COMMANDS.items():
        # A key that was set is taken from a command that has it usually.
        by_age = sorted(listed, key=lambda each: command_id(scope, each) not in changed)
        holder: dict[str, Command] = {}
        kept: dict[str, str] = {}
        for each in by_age:
            mine = []
            for key in changed.get(command_id(scope, each), each.keys).split(","):
                if holder.setdefault(key, each) is each:
                    mine.append(key)
                else:
                    shown, other = SIGNS.get(key, key), holder[key].title
                    remarks.append(f"{shown} does {other} in {scope}, no longer {each.title}.")
            kept[each.title] = ",".join(mine)
        table[scope] = tuple(replace(each, keys=kept[each.title]) for each in listed)
    return table, remarks


def _hidden(commands: Commands, changed: Mapping[str, str]) -> Iterator[str]:
    """Sentences on keys by which one scope hides what another does with them."""
    pairs = dict.fromkeys(pair for scopes in _TOGETHER for pair in combinations(scopes, 2))
    for inner, outer in pairs:
        for one, other in product(commands[inner], commands[outer]):
            shared = {*one.keys.split(",")} & {*other.keys.split(",")} - {""}
            if shared and {command_id(inner, one), command_id(outer, other)} & changed.keys():
                keys = " ".join(SIGNS.get(key, key) for key in sorted(shared))
                yield f"{keys} does {one.title} in {inner}, which hides {other.title} of {outer}."
