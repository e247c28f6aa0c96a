"""Single English words: which make no concept, which forms belong to one word.

Statistics finds the terms; the lists only keep out labels that would read badly. Texts in other
languages contain hardly any of these words, so there statistics alone decides.
"""

import re

# Function words, what authors do in a paper, and how they praise it.
_STOP = """
a able about above abundant acceptable according achieve achieved achieves achieving across act acts
actual adapt add added adding additional address addressed addresses addressing adds adequate adopt
adopted adopting adopts advanced affect affected affecting affects after again against ago aim aimed
aiming aims al albeit all allow allowed allowing allows almost along already also alternative
although always am amid among amongst ample an analyse analysed analyses analysing analyze analyzed
analyzes analyzing and another any anyone anything appear appeared appearing appears applicable
applied applies apply applying appropriate are aren't argue argued argues arguing arise arises
arising arose around as assess assessed assesses assessing assign assume assumed assumes assuming at
attempt attempted attempts available avoid avoided avoiding avoids aware away back bad base based be
became because become becomes been before begin begins behave behind being believe believed belong
belongs below beneath beside besides best better between beyond bigger biggest both brief bring
brings broader build building builds built but by calculate calculated calculates calculating call
called calls can can't cannot capable capture captured captures capturing careful carried carry
carrying cause caused causes causing central certain challenge challenges challenging changed
changing characterise characterised characterize characterized characterizes characterizing choose
chosen claim claimed claims clearer closer coincide combine combines combining come comes coming
comparable comparative compare compared compares comparing competitive comprehensive comprise
comprises comprising compute computed computes computing concern concerns conclude concluded
concludes conduct conducted conducts confirm confirmed confirming confirms connect consider
considerable considered considering considers consist consistent consisting consists constitute
constitutes construct constructed constructing constructs contain contained containing contains
contribute contributed contributes contributing convenient correct correspond corresponding
corresponds could cover covered covering covers create created creates creating crucial deal deals
decide decreasing deduce deduced deep-seated define defined defines defining definite deliver demand
demands demonstrate demonstrated demonstrates demonstrating denote denoted depend depended depending
depends derive derived derives deriving describe described describes describing designed designing
desirable desired despite detailed determine determined determines determining develop developed
developing develops devise devised did differ differed different differing differs difficult
discover discovered discovering discuss discussed discusses discussing display displays distinguish
distinguished diverse do does doesn't doing don't done down draw drawn drive driven drives driving
due during e.g each earlier earliest easier easy eg either eleven else elsewhere employ employed
employing employs enable enabled enables enabling encounter encouraging enhance enhances enhancing
enough ensure ensures ensuring entire essential establish established establishes establishing
estimating et etc evaluate evaluated evaluates evaluating even ever every everything evident examine
examined examines examining exceed exceeding exceeds excellent except exciting exhibit exhibited
exhibiting exhibits exist existed existing exists expand expect expected expects explain explained
explaining explains exploit exploited exploiting exploits explore explored explores exploring extend
extending extends extensive extra extract extracted extracting extracts extreme extremely face faced
faces facilitate facilitates fail failed failing fails familiar faster favor favorable favored
favors favour favourable favoured feasible fell few fewer fifth find finding findings finds fit fits
fitted focus focused focuses focusing focussed follow followed following follows for former forming
found fourth frequent from further furthermore gain gained gains gave generate generates get gets
getting give given gives giving go goes going good got greater greatest had happen happens has have
having he held help helped helping helps hence her here hereafter hers herself high-quality higher
highest highlight highlighted highlighting highlights him himself his hold holds hosting hosts how
however huge hypothesize i i.e identified identifies identify identifying ie if illustrate
illustrated illustrates impact impacts implied implies imply implying important impossible
impressive improve improved improves improving in inadequate include included includes including
increase increased increases increasing indeed indicate indicated indicates indicating infer
inferred inferring infers influence influenced influences innovative insensitive inside insight
insights instead insufficient interested interesting into intriguing introduce introduced introduces
introducing investigate investigated investigates investigating involve involved involves involving
is isn't it it's its itself just keep keeps kept key know known knows lack lacking lacks larger
largest last later latest latter lead leading leads learnt least leave leaves leaving led less lest
let let's leverage leveraged leverages leveraging lie lies like likely likewise located longer look
looking looks lose lost low-cost lowest made main maintain maintained maintaining maintains make
makes making manage many match matched may maybe me meaningful meanwhile measured measuring meet
meets mention mentioned might mine mitigate mitigates modest more moreover most motivate motivated
motivates much must my myself namely necessary need needed needing needs neither never nevertheless
new newer newly next no nobody none nonetheless nor not notable note noted nothing notwithstanding
novel now nowhere numerous observe observes observing obtain obtained obtaining obtains obvious
occur occurred occurring occurs of off offer offered offering offers often on once one ones only
onto or originate originated originates other others otherwise ought our ours ourselves out outline
outlined outlines outperform outperformed outperforming outperforms outside outstanding over overall
overcome own particular past per perform performed performing performs perhaps place placed places
plan plausible play played playing plays pointed points popular pose posed poses possess possesses
possible powerful predict predicted predicts prefer preferred preliminary present presented
presenting presents preserve preserved preserves preserving prevent prevents previous probable
produce produced produces producing prominent promising proper propose proposed proposes proposing
prove proved proven proves provide provided provides providing put quite ran ranged ranging rather
reach reached reaches reaching realise realize reasonable recent recommend reduce reduces reducing
refer referred refers regard regarded regarding relate related relates relating relevant reliable
relied relies rely relying remain remained remaining remains remarkable report reported reporting
reports represent represented representing represents require required requires requiring resolve
resolves resolving respective result resulted resulting results retain reveal revealed revealing
reveals reviewed rigorous run running runs same satisfied satisfies satisfy saw say scarce see seek
seeks seem seemed seems seen select selected selecting selects serious serve serves setting settings
several shall she shorter should show showed showing shown shows significant similar simpler
simplest since slight smaller smallest so so-called some someone something sometimes somewhat soon
sophisticated sought speculate spend start started starting starts state-of-the-art stated stay
still straightforward stress stressed strict striking stronger strongest studied studies study
studying subsequent substantial successful such suffer suffering suffers sufficient suggest
suggested suggesting suggests suit suitable suited summarise summarised summarize summarized
superior supported supporting supports surpass surpasses surprising surprisingly surveyed tackle
tackled tackles tackling take taken takes taking tend tends tested th than that the their theirs
them themselves then thence there thereby therefore therein these they think this thorough those
though through throughout thus tight till to together too took toward towards traditional treat
treated treating treats tried tries try trying turn turned turns twelve twice typical ubiquitous
unable unambiguous unclear under undergo undergoes undergoing underlying understand understood
unexpected unexplored unique unknown unless unlike unlikely unprecedented until unto unusual up upon
us use used useful uses using usually utilise utilised utilize utilized utilizes utilizing valid
validate validated validates validating valuable varied varies various vary varying vast verified
verifies verify versus very via viable vital viz vs want was we weaker well were what whatever when
whence whenever where whereas whereby wherein wherever whether which while whilst who whoever whole
whom whose why wider widespread will wish with within without won't work worked working works worse
worst would write written wrong yet yield yielded yielding yields you your yours
"""

# "Fast radio bursts" and "general relativity" are concepts, "fast" and "general" are not.
_MODIFIERS = """
accurate adaptive approximate arbitrary average big broad classical clear close combined common
complementary complete complex constrained conventional current decoupled dependent detected direct
distinct dominant double early effective efficient eight emerging emitting empirical enhanced
estimated evolving exact excited experimental explicit extended fair far fast final finite first
five flexible formed four full fundamental future general generated generating global great growing
half hard heavy high host ideal identical idle implicit independent individual infinite inherent
initial intermediate intrinsic large late learned limited little local long low lower major massive
maximum mean medium minimal minimum minor moderate modern multiple narrow natural near negative nine
normal numerical observed old open optimal ordinary original partial point poor positive potential
practical precise predicting primary principal prior pure qualitative quantitative quick random
rapid rare real reduced relative representative resolved rich robust rough second secondary
sensitive separate seven severe short simple simulated simultaneous single six slow small solid
special specific standard strong sub support systematic ten theoretical third three tiny total
triple true two upper weak wide young zero
"""

# "Time series" and "neural network models" are concepts, "series" and "models" are not.
_GENERIC = """
ability abstract accordance account accuracy addition advance advancement advances advantage
advantages agreement algorithm algorithms amount analogue analysis application applications approach
approaches architecture arcmin arcsec area areas article articles aspect aspects assumption
assumptions attention au author authors background baseline basis behaviors behaviours benchmark
benefit benefits body calculation calculations candidate candidates capabilities capability case
cases catalog catalogue change changes characteristic characteristics choice choices class classes
code coefficient collection comparison comparisons completeness complexity component components
computation concept concepts conclusion conclusions condition conditions confidence configuration
consequence consequences consideration considerations constraint constraints content context
contexts contrast contribution contributions data dataset datasets day days deg degree demonstration
dependence description design details detection detections determination development device dex
difference differences difficulties difficulty disagreement discrepancy discussion distribution
distributions dof domain domains effect effects effort efforts element elements end environment
environments equation equations erg error errors estimates estimation estimator estimators ev
evaluation event events evidence evolution example examples existence expectation expectations
experience experiment experiments explanation explanations extension extent fact factor factors
feature features field fields figure fitting form formalism formation forms formula formulation
fraction framework frameworks function functions generation gev ghz goal goals gpc group gyr hand
hour hours hypothesis hz idea ideas implementation implication implications importance improvement
improvements index information input inputs inspection instance instances instrument instruments
interaction interactions interest interpretation introduction investigation investigations issue
issues jy kev kg khz kind kinds km knowledge kpc kyr layer layers length letter level levels light
limit limits line lines list literature loss lot lsun machine mag mags manner manuscript map maps
mas mass material materials matter measure measurement measurements measures mechanism mechanisms
method methodologies methodology methods metric metrics mev mhz minute minutes mjy mk mm mode model
modeling modelling models modes module modules month months mpc ms msun myr nature nm number numbers
object objective objectives objects observation observations operation operator opportunities
opportunity order origin outcome outcomes output outputs pair pairs paper papers parameter
parameters part parts pattern patterns pc people percent performance period perspective perspectives
pev phase phenomena phenomenon picture pipeline platform population populations position
possibilities possibility power practice precision prediction predictions presence problem problems
procedure procedures process processes processing production program progress project properties
property prospect prospects protocol purpose purposes quality quantities quantity question questions
range ranges rate rates ratio ratios reason reasons reconstruction region regions relation relations
relationship relationships representation representations requirement research researcher
researchers resolution resource resources response review reviews role roles rsun sample samples
scale scales scenario scenarios scheme schemes science scientist scientists score search seconds
section sense sequence sequences series service set sets shape sigma signal signals significance
similarities similarity simulation simulations situation situations size software solution solutions
sort source sources space speed sr stage state states statistics step steps strategies strategy
strength structure structures subject subset success summary survey surveys system systems task
tasks team technique techniques technologies technology term terms test testing tests tev theories
theory thesis threshold time times tool tools topic topics tracking training transformation trend
trends type types um uncertainties uncertainty understanding unit units usage user users validity
value values variable variables variation variations variety version versions view volume way ways
workshop world writing year years yr yrs μm
"""

_LY = """
ally anomaly assembly belly bully butterfly dragonfly early elderly family fly friendly homily italy
jelly july lily melancholy monopoly multiply poly rally reply sicily supply weekly
"""

_DETERMINERS = "a all an any both each her his it its our some such that the their these this those"

DETERMINERS = frozenset(_DETERMINERS.split())
"""A word right before a determiner is a verb or a preposition, hardly ever a noun."""

STOP_WORDS = frozenset(_STOP.split())
"""No phrase contains these."""

MODIFIERS = frozenset(_MODIFIERS.split())
"""May be part of a phrase, but not its last word."""

GENERIC_WORDS = frozenset(_GENERIC.split())
"""May be part of a phrase, but not all of it."""

LY_WORDS = frozenset(_LY.split())
"""Words in -ly that are not adverbs."""

STOP, MODIFIER, GENERIC, NUMBER, CONTENT = range(5)
"""Kinds of words; the lists above say what the first three may do in a phrase."""

# Versions, too: "3.x", "v2.0".
_FIGURES = re.compile(r"v?\d[\d.,]*x?|[\d.,]+")
# Before a name it is part of it: "L'Hopital", "d'Alembert".
_ELIDED = re.compile(r"(?:(?:[CDJLMNSTcdjlmnst]|[Qq]u)['\u2019]|d[ei] )(?=[^\W\d_A-Z])")
_PARTICIPLE = re.compile(r"\w{2,}[^e]ed")

_SINGULAR_IN_S = """
always atlas bias biases canvas chaos christmas cosmos lens news pancreas series species texas
"""
_FORMS = """
aluminium aluminum, analyses analysis, artefact artifact, artefacts artifact, axes axis,
behaviour behavior, behaviours behavior, catalogue catalog, catalogues catalog, centre center,
centres center, colour color, colours color, criteria criterion, disc disk, discs disk, fibre fiber,
fibres fiber, foci focus, haloes halo, halos halo, hypotheses hypothesis, indices index,
lenses lens, loci locus, matrices matrix, modelling modeling, nuclei nucleus,
phenomena phenomenon, quanta quantum, radii radius, spectra spectrum, stimuli stimulus,
sulphur sulfur, tumour tumor, tumours tumor, vertices vertex
"""
_NOT_PLURAL = frozenset(_SINGULAR_IN_S.split())
_IRREGULAR = dict(pair.split() for pair in _FORMS.split(","))


def word_of(spelling: str) -> str:
    """A key that plural, possessive, capitalised and British forms of a word have in common.

    It only tells words apart and is never shown, so a wrong stem does no harm unless two different
    words share it.
    """
    word = _folded(without_elision(spelling)).removesuffix("'s").removesuffix("'")
    word = word.replace("isation", "ization")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or word in _NOT_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes", "oes")):
        return word[:-2]
    if word.endswith(("s", "ae")):
        return word[:-1]
    return word


def without_elision(term: str) -> str:
    """A term without the article or preposition that is written as one with it.

    So it is in French and Italian ("l'image", "d'images"), and tokens are so written with the "de"
    of "ligne de commande".
    """
    return _ELIDED.sub("", term, count=1) if _ELIDED.match(term) else term


def kind_of(spelling: str) -> int:
    """`STOP`, `MODIFIER`, `GENERIC`, `NUMBER` or `CONTENT`; an empty spelling is a `STOP`."""
    word = _folded(spelling)
    if not word or word in STOP_WORDS or (_is_adverb(word) and word not in LY_WORDS):
        return STOP
    if word in MODIFIERS or (spelling.islower() and _PARTICIPLE.fullmatch(word)):
        return MODIFIER
    if word in GENERIC_WORDS:
        return GENERIC
    return NUMBER if _FIGURES.fullmatch(word) else CONTENT


def _folded(spelling: str) -> str:
    return spelling.lower().replace("\u2019", "'")


def _is_adverb(word: str) -> bool:
    return len(word) > 4 and word.endswith("ly")
