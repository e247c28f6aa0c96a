"""What plain text is left of HTML, LaTeX and addresses."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.interpret.terms.tokens import plain_text


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("nothing to do", "nothing to do"),
        (r"$\gamma$-ray bursts", "gamma-ray bursts"),
        (r"H$\alpha$ in $\Lambda$CDM", "Halpha in LambdaCDM"),
        (r"the $\rm Fe$ line", "the Fe line"),
        (r"$^{13}$CO and $^{12}\!$", "13CO and  . "),
        (r"\alpha particles", "alpha particles"),
        (r"at $z \sim 2$ we", "at  .  we"),
        (r"$\sim$10 pc", " . 10 pc"),
        (r"a 21\,cm line", "a 21 cm line"),
        (r"Schr\"odinger, Poincar\'{e}", "Schrödinger, Poincaré"),
        (r"the \emph{Kepler} field, {\it Gaia}", "the Kepler field, Gaia"),
        (r"shown~\cite{knuth} before", "shown before"),
        (r"half a\% of it", "half a% of it"),
        ("Sunyaev--Zel'dovich", "Sunyaev-Zel'dovich"),
        ("Sunyaev\u2013Zel'dovich", "Sunyaev-Zel'dovich"),
        ("co\u00adoperate \ufb01ne", "cooperate fine"),
        ("H<sub>2</sub>O &amp; &alpha;-rays", "H2O & \u03b1-rays"),
        ("a < b and c > d", "a < b and c > d"),
        ("see https://example.org/a?b now", "see  .  now"),
        ("mail someone@example.org now", "mail  .  now"),
    ],
)
def test_plain_text(marked, plain):
    assert plain_text(marked) == plain


@settings(deadline=None)
@given(st.text(alphabet="ab \\$^{}<>&;~'\"-@.\u00e9\u4e2d\ud800", max_size=60))
def test_no_text_is_too_broken(text):
    assert isinstance(plain_text(text), str)


@pytest.mark.parametrize("piece", ["a.", "$", "\\", "{\\it ", "<a", "&", "@", "\\'", "a@", "$\\"])
def test_time_grows_with_length_only(piece):
    start = time.process_time()
    plain_text(piece * (20_000 // len(piece)))
    assert time.process_time() - start < 2
