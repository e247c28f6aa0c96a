"""What the words on the screen mean, and what each column of a list shows."""

from collections.abc import Mapping

Entries = tuple[tuple[str, str], ...]

GLOSSARY: Entries = (
    ("SAE", "Sparse autoencoder: the small network that splits an embedding into features."),
    ("k16-n768", "Name of an SAE: 768 features, of which 16 are active on each document."),
    ("feature", "A direction in the embedding that stands for one concept in this corpus."),
    ("label", "What a feature is called. It was found automatically, and can be wrong."),
    ("activation", "How strong a feature is in a text; 0 where it is not active."),
    ("code", "The few features that are active on a text, each with its activation."),
    ("steering", "Making features of a query stronger or weaker; the results follow."),
    ("strength", "Of a feature in the query. A strength of 1 is as heavy as the whole query."),
    ("count", "A document counts for a feature if its label is probably true of the document."),
    ("true", "Of how many in ten documents that count the label is true, by estimate (8/10)."),
    (
        "own, ?, -",
        "In place of it: a label of your own; one not tried; not known, build again adds it.",
    ),
    ("density", "The share of all documents that count for a feature."),
    ("replaces", "How many of the first ten results a large step of the feature replaces."),
    ("replaced", "Results that are no longer in the list because of what you changed."),
    ("moved", "Ranks gained or lost against the unchanged query. NEW came from far below."),
    ("score", "What results are sorted by: how near they are, and what changes add to it."),
    ("why", "The parts that a score adds up to, each with its share."),
    ("words", "In why: what the words that query and document share add."),
    ("common", "In why: what every document of the corpus gets alike (the bias of the SAE)."),
    ("no feature", "In why: what none of the query's features explains."),
    ("all else", "In why, where room is short: common and no feature together."),
    (
        "nearness",
        "How near results still are to the query: 100% is at least as near as unsteered.",
    ),
    ("mode", "How changes turn into a ranking: both, codes, delta, decode or optimise."),
    ("both", "A mode: documents about the query and what is raised, not what is lowered."),
    ("codes", "A mode: rewards documents for activating what was raised, at the query's cost."),
    ("delta", "A mode: moves the query along the changed features and leaves the rest alone."),
    ("decode", "A mode: searches with the features alone; what they do not explain is left out."),
    ("optimise", "A mode: as decode, then nearer to a vector that has just the wanted features."),
    ("index", "Finds likely documents without comparing all; exact compares every document."),
    ("pin", "A pinned change stays when you ask something else."),
    ("solo, mute", "Solo: only this feature of the query. Mute: the feature is off for now."),
    ("passage", "A part of a paper; +3 under more: three others of the paper were found, too."),
    ("concept", "Of a feature: one; two; a word rather than a thing; mixed; rare; dead."),
    ("coherent", "Of a feature of an older bundle: one concept; broad: a wide one."),
    ("cohesion", "From 0 to 1: how alike a feature's strongest documents are."),
    ("stability", "From 0 to 1: how surely another training finds the feature again."),
    ("F1", "From 0 to 1: how well a judge who knows only the label finds the documents."),
    ("Pearson", "From -1 to 1: how the judge's certainty goes with the activation."),
    ("near miss", "A document like those of a feature that does not activate it."),
    ("tenth", "A feature's documents in ten parts by activation, the strongest first."),
    ("cosine", "How alike two directions are: 1 the same, 0 unrelated, -1 opposed."),
    ("opposed", "Features with the most different direction: seldom on the same documents."),
    ("2.5x", "Beside a feature: so many times more often on the same documents than by chance."),
    ("family", "A general feature and the special ones that occur with it, as a tree."),
    ("R(C, F)", "In a family: documents a parent shares with a child, by those of two children."),
    ("norm", "Of a family on a document: the strength of all its features together."),
    ("co-occurrence", "How often two features are active on the same documents."),
    ("recurrent", "Said of a feature that another SAE has, too."),
    ("split", "Said of a feature of a smaller SAE that is several in a larger one."),
    ("novel, lost", "Features of the larger, or the smaller, SAE that the other one lacks."),
    ("vs", "Compares two groups of documents, A vs B; rest is every other document."),
    ("ratio", "How many times larger the share is in A than in B, or at the end than before."),
    ("p", "How often chance alone shows as much; corrected for all features. Grey: chance."),
    ("G2", "How surely two shares differ. Its root, below 2, is no more than chance."),
    ("rho", "From -1 to 1: whether a feature goes with high or with low values (by ranks)."),
    ("rising, falling", "Families whose share of the corpus grew or shrank more than by chance."),
    ("preset", "A search with all its steps, saved as a small file."),
    ("bookmark", "A search and what it found, or a feature, marked in the bundle."),
    ("list", "Documents of your choice, with notes; in:NAME filters by it."),
    ("bundle", "The folder with the corpus, its embeddings, its SAEs and your notes."),
)
"""Each word with its meaning, those that are met first come first."""

Panes = tuple[tuple[str, Entries], ...]

_FEATURE_COLUMNS: Entries = (
    ("#", "The feature's number."),
    ("label", "What the feature is called; grey where the label is seldom true."),
    ("density", "The share of all documents that count for it."),
    ("true", "Of how many in ten of them the label is true, by estimate."),
    ("concept", "One; two; a word rather than a thing; mixed; rare; dead."),
    ("max", "Its largest activation."),
    ("F1", "How well a judge who knows only the label finds its documents (0 to 1)."),
    ("Pearson", "How the judge's certainty goes with the activation (-1 to 1)."),
    ("docs", "How many documents count for it."),
    ("family", "The smallest family that it belongs to."),
    ("over time", "Its share of the documents, from the first to the last."),
    ("a field", "Named by r: rho with a number, or times as frequent; grey: maybe chance."),
)

COLUMNS: Mapping[str, Panes] = {
    "Search": (
        (
            "Results",
            (
                ("#", "Rank."),
                ("moved", "Ranks gained or lost since you steered; NEW came from far below."),
                ("score", "What results are sorted by. Below the list stands what it adds up to."),
                ("x 3", "So many documents have this text; z lists each."),
                ("more", "So many more passages of the paper were found; z lists each."),
                ("replaced", "In the heading: results that steering took out of the list."),
            ),
        ),
        (
            "Steering: the features of your query",
            (
                ("+ - x", "Raised, lowered, off. S only this one, M muted, P pinned."),
                ("?", "In grey: the query activates it, but hardly asks about it."),
                ("[████···]", "Its strength in the query; full is 1, as heavy as the whole query."),
                ("8 near", "The query lacks it; 8 of the 10 nearest documents count for it."),
                ("true", "Of how many in ten documents its label is true."),
                ("replaces", "How many of the first ten results a large step (H, L) replaces."),
                ("in query", "Its strength before you changed it."),
                ("change", "What you changed."),
            ),
        ),
        (
            "Before (c)",
            (("now", "Where a result without steering is now; gone: no longer in the list."),),
        ),
        (
            "Contents",
            (
                ("share", "The share of all documents that a family has."),
                ("▂▅█", "How that share changed from the first date to the last; rising, falling."),
            ),
        ),
    ),
    "Features": (("Columns", _FEATURE_COLUMNS),),
    "Families": (
        (
            "Columns",
            (
                ("size", "How many features stand below."),
                (
                    "density",
                    "The share of documents that count for the feature itself, not below it.",
                ),
                ("true", "Of how many in ten of them the label is true, by estimate."),
            ),
        ),
    ),
    "Splitting": (
        (
            "Columns",
            (
                ("#", "The feature's number in its SAE."),
                ("into", "How many features of the other SAE it became."),
                ("cosine", "How like the nearest of them is: 1 is the same direction."),
                ("true", "Of how many in ten documents its label is true, by estimate."),
            ),
        ),
    ),
    "Map": (
        (
            "Map",
            (
                ("dots", "Features. Near ones are alike; those of a family share a colour."),
                ("CAPITALS", "A family, in the middle of its features."),
                ("Name", "A feature, beside its dot."),
                ("●", "A feature of your query."),
                ("▲ ▼", "A feature that you turned up or down."),
                ("★", "A feature that the words after / found."),
            ),
        ),
    ),
    "Compare": (
        (
            "Columns",
            (
                ("in A, in B", "The share of each group that has the feature."),
                ("ratio", "How many times larger one share is than the other."),
                ("p", "How often chance alone shows as much; grey rows may be chance."),
                ("rho", "Whether it goes with high or low values: -1 to 1."),
                ("with, without", "The mean of documents that have the feature, and of others."),
                ("most in", "The category that has it most often."),
                ("there, else", "The share of that category that has it, and of all others."),
                ("first, last", "Its share in the first part of the time, and in the last."),
            ),
        ),
    ),
    "Document": (
        (
            "What is in it",
            (
                ("0.43", "Before a feature: its activation here. Before a document: the cosine."),
                ("9/10", "Of how many in ten documents the feature's label is true."),
                ("underlined", "The sentences that carry the feature under the cursor."),
            ),
        ),
    ),
}
"""What the lists of a scope show, pane by pane."""
