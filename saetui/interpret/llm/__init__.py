"""Labels and judgements by a language model, through any endpoint that speaks OpenAI's protocol.

A `Ledger` holds every reply and the budget; a `LanguageModel` asks questions against it; the
`LLMLabeller` and the `LLMJudge` put them.
"""

from saetui.endpoint.retries import Patience
from saetui.interpret.llm.judge import LLMJudge
from saetui.interpret.llm.labeller import ActiveText, FeatureExamples, Labels, LLMLabeller
from saetui.interpret.llm.ledger import Ledger
from saetui.interpret.llm.model import LanguageModel
from saetui.interpret.llm.questions import PROMPT_VERSION, Ending, Outcome
from saetui.interpret.llm.settings import (
    Budget,
    CostEstimate,
    ModelSettings,
    Price,
    Spending,
    model_settings,
    parse_price,
)

__all__ = [
    "PROMPT_VERSION",
    "ActiveText",
    "Budget",
    "CostEstimate",
    "Ending",
    "FeatureExamples",
    "LLMJudge",
    "LLMLabeller",
    "Labels",
    "LanguageModel",
    "Ledger",
    "ModelSettings",
    "Outcome",
    "Patience",
    "Price",
    "Spending",
    "model_settings",
    "parse_price",
]
