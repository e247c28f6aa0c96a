"""TeX is shown as Unicode, fast; what is not TeX stays as it is."""

import subprocess
import sys
import time

import pytest

from saetui.tex import readable, readable_parts, use_unicode
from saetui.tui.widgets.lines import fit, wrap
from saetui.tui.widgets.reading import MARK, marked_lines


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"Ly$\alpha$ emission at $z\sim 7$", "Ly\u03b1 emission at z\u223c 7"),
        ("Ortho-H$_2$D$^+$ and OCN$^-$", "Ortho-H₂D⁺ and OCN⁻"),
        (r"a mass of $10^{10}M_\odot$ or $5\,M_{\odot}$", "a mass of 10¹⁰M⊙ or 5 M⊙"),
        ("J0740$+$6620 at 2.7$\\times$10", "J0740+6620 at 2.7\u00d710"),
        (r"$T_{\rm eff}$ and $f_{\mathrm{NL}}^{\mathrm{loc}}$", "T_eff and f_NL^loc"),
        (r"$L_{\rm 1.3\,GHz}$", "L_(1.3 GHz)"),
        (r"$\frac{a+b}{c}$ of $\sqrt{x}$ and $\bar{x}$", "(a+b)/c of √x and x̄"),
        (r"A 7$^\prime$ halo, 5$^{\circ}$ wide", "A 7\u2032 halo, 5° wide"),
        (r"$\mathcal{O}(n \log n)$, $f(R)$, $k$-means", "O(n log n), f(R), k-means"),
        (r"the \textsc{hestia} and {\it Gaia} \emph{data}", "the hestia and Gaia data"),
        (r"G\"odel, Erd\H{o}s, \'etale, na{\"\i}ve", "Gödel, Erdős, étale, na{ï}ve"),
        (r"100\% of \$5 and \$6", "100% of $5 and $6"),
        (r"$\omega$~Centauri, 21\,cm, \ion{H}{1}", "ω Centauri, 21 cm, H 1"),
        (r"see \citep{a,b} and \href{http://x.y}{this}", "see [a,b] and this"),
        (r"\(\lambda\)5007 and \[x^2\]", "λ5007 and x²"),
    ],
)
def test_tex_is_shown_as_unicode(source: str, shown: str) -> None:
    assert readable(source) == shown


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10",
        "between $1,000 and $2,000 a year",
        "from $5 million to $7 million",
        r"C:\Users\new and \d+ or \HI",
        "one $ alone",
        "x^2 and a_b, {as} it ~is",
    ],
)
def test_what_is_no_tex_stays(text: str) -> None:
    assert readable(text) == text


def test_prices_and_formulas_are_told_apart() -> None:
    assert readable(r"$5 and $10 for $\alpha$ and $3 more") == "$5 and $10 for \u03b1 and $3 more"


def test_lists_and_texts_show_it() -> None:
    assert fit("Ly$\\alpha$ emission", 12, "…") == "Ly\u03b1 emission"
    assert wrap("H$_2$O is $\\approx$ 1", 80) == ["H₂O is ≈ 1"]


def test_marked_sentences_stay_marked() -> None:
    text = r"Of $H_0$ first. The $\Lambda$CDM model fits. More."
    start = text.index("The")
    spans = [(start, text.index(" More"))]
    shown, (moved,) = readable_parts(text, spans)
    assert shown[slice(*moved)] == "The ΛCDM model fits."
    marked = [piece for line in marked_lines(text, spans, 80) for piece in line]
    assert [said for said, style in marked if style == MARK] == ["The ΛCDM model fits."]


def test_a_terminal_without_unicode_shows_the_source() -> None:
    use_unicode(False)
    try:
        assert fit(r"Ly$\alpha$", 10, "..") == r"Ly$\alpha$"
    finally:
        use_unicode(True)


def test_a_screen_of_titles_takes_less_than_a_frame() -> None:
    readable(r"$\alpha$")
    titles = [rf"{i}: $\log(M_*/M_\odot) > 10^{{{i}}}$ in H$_2$ and Ly$\alpha$" for i in range(200)]
    best = min(_seconds(titles, i) for i in range(3))
    # For 200 different titles that were never seen; a list shows fifty.
    assert best < 0.016


def _seconds(titles: list[str], again: int) -> float:
    start = time.perf_counter()
    for title in titles:
        readable(f"{title} {again}")
    return time.perf_counter() - start


def test_the_table_of_symbols_is_read_when_it_is_needed() -> None:
    code = "import saetui.tui.app, sys; assert 'unicodeit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
