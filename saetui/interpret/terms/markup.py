"""Turn the text of an abstract into plain words, without HTML and LaTeX."""

import html
import re
import unicodedata

GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "pi rho sigma tau upsilon phi varphi chi psi omega"
)
_GREEK_NAMES = frozenset(GREEK.split()) | frozenset(name.capitalize() for name in GREEK.split())

# Replaces what is left out; no phrase continues across a full stop.
_GAP = " . "

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>]+")
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]+")
_MATH = re.compile(r"\$\$?([^$]{0,200})\$\$?|\\\(([^$]{0,200}?)\\\)|\\\[([^$]{0,200}?)\\\]")
_LETTER = re.compile(
    r"[\s{]*(?:\\(?:rm|it|bf|cal|mathrm|mathcal|mathbf|text)\b)?[\s{]*(\\?[A-Za-z]+)[\s}]*"
)
_MASS_NUMBER = re.compile(r"\s*\^\s*\{?\s*(\d+)\s*\}?\s*")
_ACCENT = re.compile(r"\\(['\"`^~=.])\s*\{?\\?([A-Za-z])\}?")
_DROPPED = re.compile(
    r"~?\\(?:cite[a-z]*|ref|eqref|label|footnote|url|href)\*?(?:\[[^\]]*\])?\{[^{}]*\}"
)
_STYLED = re.compile(r"\\[A-Za-z]+\*?\{([^{}\\]*)\}|\{\\(?:it|em|bf|sc|rm|sl|tt)\s+([^{}\\]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)|\\(.)")
_THIN_SPACES = frozenset(",;:! ")
_DASHES = re.compile(r"(?<=\w)(?:--|\u2010|\u2011|\u2013)(?=\w)")
_SOFT_HYPHEN = "\u00ad"
_COMBINING = {
    "'": "\u0301", '"': "\u0308", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307",
}  # fmt: skip


def plain_text(text: str) -> str:
    r"""`text` without HTML tags and entities, addresses, formulas and LaTeX commands.

    A formula of a single letter becomes the letter's name, so that `$\gamma$-ray` becomes
    "gamma-ray"; every other formula becomes a full stop, so that no phrase continues across it.
    """
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    if "://" in text or "www." in text:
        text = _URL.sub(_GAP, text)
    if "@" in text:
        text = _MAIL.sub(_GAP, text)
    if "$" in text or "\\" in text:
        text = _without_latex(text)
    if "--" in text or not text.isascii():
        text = unicodedata.normalize("NFKC", _DASHES.sub("-", text).replace(_SOFT_HYPHEN, ""))
        # It takes two vowels of Thai and of Lao apart, which nobody writes so.
        text = text.replace("\u0e4d\u0e32", "\u0e33").replace("\u0ecd\u0eb2", "\u0eb3")
    return text


def _without_latex(text: str) -> str:
    text = _ACCENT.sub(lambda match: match[2] + _COMBINING[match[1]], text)
    text = _MATH.sub(_spelled, text)
    text = _DROPPED.sub("", text)
    text = _STYLED.sub(lambda match: match[1] or match[2] or "", text)
    text = _COMMAND.sub(_named, text)
    return text.replace("$", " ").replace("{", "").replace("}", "").replace("~", " ")


def _spelled(match: re.Match[str]) -> str:
    formula = match[1] or match[2] or match[3] or ""
    if mass := _MASS_NUMBER.fullmatch(formula):
        return mass[1]
    letter = _LETTER.fullmatch(formula)
    if letter is None:
        return _GAP
    name = letter[1].removeprefix("\\")
    return name if name == letter[1] or name in _GREEK_NAMES else _GAP


def _named(match: re.Match[str]) -> str:
    if match[1]:
        return str(match[1]) if match[1] in _GREEK_NAMES else " "
    return " " if match[2] in _THIN_SPACES else str(match[2])
