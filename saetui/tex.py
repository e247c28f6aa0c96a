r"""Show TeX as Unicode: `$M_\odot$` becomes M☉, `H$_2$O` becomes H₂O.

The symbols are those of unicodeit. It replaces one after the other in the whole text, which takes
a millisecond a title and touches hyphens too, so its tables are looked up here instead.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

# Longer texts are shown once, titles again and again.
_TITLE = 500
_REMEMBERED = 4_096
_NESTED = 4

# A formula between dollars, unless the first belongs to a price: "$5 and $10".
_MATH = re.compile(
    r"(?<!\\)\$\$(?P<display>[^$]{1,400})\$\$"
    r"|(?<!\\)\$(?!\d[\d.,]*(?:[\s);:]|[MBkmb]\w*\s)[^$\\^_=<>]*\$)(?P<inline>[^$]{1,400})(?<!\\)\$"
    r"|\\\((?P<round>.{1,400}?)\\\)|\\\[(?P<square>.{1,400}?)\\\]",
    re.DOTALL,
)
_STYLED = re.compile(
    r"\\(?:text(?:it|bf|tt|sc|rm|sl|sf|up|normal)|emph|mbox|uline|underline|textsuperscript)"
    r"\s*\{([^{}]*)\}|\{\\(?:it|em|bf|sc|rm|sl|tt)\s+([^{}]*)\}"
)
_ACCENT = re.compile(r"\\(['\"`^~=.]|[rvcuHk](?=\{))\s*(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))")
_MARKS = {
    "'": "\u0301", '"': "\u0308", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "r": "\u030a", "v": "\u030c", "c": "\u0327", "u": "\u0306", "H": "\u030b",
    "k": "\u0328",
}  # fmt: skip
_ION = re.compile(r"\\ion\{([^{}]*)\}\{([^{}]*)\}")
_CITED = re.compile(r"\\cite[a-z]*\*?(?:\[[^\]]*\])*\{([^{}]*)\}")
_LINKED = re.compile(r"\\href\{[^{}]*\}\{([^{}]*)\}")
_TIED = re.compile(r"(?<=[\w)])~(?=[A-Za-z(])")
_ESCAPED = re.compile(r"\\([%&#_${}])")
_COMMAND = re.compile(r"\\([A-Za-z]+) ?")
# Within a formula: what only says how it looks, and what stands around its argument.
_LOOKS = re.compile(
    r"left|right|[bB]igg?|(?:display|script|text)style|(?:no)?limits|rm|it|bf|cal|tt|sc|sf|bm"
    r"|math(?:rm|it|bf|cal|sf|tt|scr|frak|bb)|text(?:rm|it|bf|tt)?|boldsymbol|[mh]box|ensuremath"
    r"|operatorname"
)
_ABOVE = {
    "bar": "\u0304", "overline": "\u0304", "dot": "\u0307", "ddot": "\u0308", "hat": "\u0302",
    "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "vec": "\u20d7",
}  # fmt: skip
_OVER = re.compile(r"\\([A-Za-z]+)\s*(?:\{\s*([^{}\s])\s*\}|([^{}\s\\]))")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_RAISED = re.compile(r"([_^])\s*(?:\{([^{}]*)\}|([^{}\s]))")
# They stand beside a symbol without being raised or lowered.
_BESIDE = frozenset(
    "\u2299\u2295\u2609\u22c6\u2217\u2605\u2020\u2032\u2033\u00b0*'\u2218\u2225\u22a5"
)
_SPACES = re.compile(r"\\[,;:!> ]")
# Stand for signs that are in their final place.
_FINAL = {"_": "\ue000", "^": "\ue001"}
_terminal = {"unicode": True}


def use_unicode(wanted: bool) -> None:
    """Whether the terminal shows more than ASCII; where it does not, sources are shown."""
    _terminal["unicode"] = wanted


def readable(text: str) -> str:
    """A text with its formulas, accents and styles as Unicode; what is not known stays."""
    if not _terminal["unicode"] or ("$" not in text and "\\" not in text):
        return text
    return _shown(text) if len(text) > _TITLE else _remembered(text)


def readable_parts(
    text: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """A text as Unicode, and where parts of it that do not overlap (begin and end) are now."""
    if "$" not in text and "\\" not in text:
        return text, list(spans)
    pieces: list[str] = []
    found = []
    length = end = 0
    for start, stop in sorted((start, max(start, stop)) for start, stop in spans):
        for piece in (text[end:start], text[start:stop]):
            pieces.append(readable(piece))
            length += len(pieces[-1])
        found.append((length - len(pieces[-1]), length))
        end = stop
    return "".join([*pieces, readable(text[end:])]), found


def _shown(text: str) -> str:
    text = _TIED.sub(" ", _MATH.sub(_formula_in, text))
    if "\\" not in text:
        return text
    text = _ION.sub(r"\1 \2", _LINKED.sub(r"\1", _CITED.sub(r"[\1]", _ACCENT.sub(_accented, text))))
    for _ in range(_NESTED):
        text, changed = _STYLED.subn(lambda match: match[1] or match[2] or "", text)
        if not changed:
            break
    return _ESCAPED.sub(r"\1", _COMMAND.sub(_symbol, _SPACES.sub(_space, text)))


_remembered = lru_cache(_REMEMBERED)(_shown)


def _accented(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", (match[2] or match[3]) + _MARKS[match[1]])


def _symbol(match: re.Match[str]) -> str:
    """A symbol outside a formula; other commands stay, since they may be anything."""
    return _symbols().get(match[1], match[0])


def _space(match: re.Match[str]) -> str:
    return "" if match[0] == "\\!" else " "


def _formula_in(match: re.Match[str]) -> str:
    return _formula(match["inline"] or match["display"] or match["round"] or match["square"])


@lru_cache(_REMEMBERED)
def _formula(formula: str) -> str:
    """A formula without dollars as Unicode."""
    formula = _SPACES.sub(_space, formula.replace("~", " "))
    formula = _OVER.sub(_overlined, formula)
    formula = _COMMAND.sub(_named, formula)
    steps: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
        (_ROOT, lambda match: f"\u221a{_grouped(match[1])}"),
        (_FRACTION, lambda match: f"{_grouped(match[1])}/{_grouped(match[2])}"),
        (_RAISED, _raised),
    )
    for _ in range(_NESTED):
        before = formula
        for pattern, change in steps:
            formula = pattern.sub(change, formula)
        if formula == before:
            break
    formula = _ESCAPED.sub(r"\1", formula).replace("{", "").replace("}", "")
    for sign, final in _FINAL.items():
        formula = formula.replace(final, sign)
    return " ".join(formula.split())


def _named(match: re.Match[str]) -> str:
    name = match[1]
    if name in ("frac", "dfrac", "tfrac", "sqrt"):
        return match[0]
    if _LOOKS.fullmatch(name):
        return ""
    symbol = _symbols().get(name)
    space = " " if match[0].endswith(" ") else ""
    # Names of functions, and commands of an author's own, are words.
    return f"{symbol}{space}" if symbol else f"{name} "


def _overlined(match: re.Match[str]) -> str:
    mark = _ABOVE.get(match[1])
    if mark is None:
        return match[0]
    return unicodedata.normalize("NFC", (match[2] or match[3]) + mark)


def _raised(match: re.Match[str]) -> str:
    sign, inside = match[1], (match[2] if match[2] is not None else match[3]).strip()
    if inside and all(letter in _BESIDE for letter in inside):
        return inside.replace("\u2218", "\u00b0")
    small = [_small().get(sign + letter) for letter in inside if letter != " "]
    if all(small):
        return "".join(letter for letter in small if letter)
    return _FINAL[sign] + (_grouped(inside) if " " in inside else inside)


def _grouped(inside: str) -> str:
    return inside if re.fullmatch(r"[\w.]*", inside) else f"({inside})"


@cache
def _symbols() -> dict[str, str]:
    """Symbols by the names of their commands."""
    from unicodeit.data import REPLACEMENTS

    return {
        name[1:]: symbol for name, symbol in reversed(REPLACEMENTS) if _COMMAND.fullmatch(name)
    } | {"deg": "\u00b0", "degr": "\u00b0", "arcsec": "\u2033", "arcmin": "\u2032", "AA": "\u00c5"}


@cache
def _small() -> dict[str, str]:
    """Raised and lowered letters: `_2` and `^2`."""
    from unicodeit.data import SUBSUPERSCRIPTS

    # A raised star would look like any other.
    return {key: letter for key, letter in SUBSUPERSCRIPTS if len(key) == 2} | {
        f"{sign}\u2212": letter for sign, letter in (("_", "\u208b"), ("^", "\u207b"))
    }
