"""Labels features in a process of its own, which tests can kill.

Usage: label_by_llm.py ADDRESS LEDGER FEATURES DOLLARS CONCURRENCY
"""

import signal
import sys
from pathlib import Path

from llm_models import features, model_at

from saetui.interpret.llm import Budget, Ledger, LLMLabeller


def main() -> None:
    # A shell that runs tests in the background has its children ignore the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    address, path, number, dollars, concurrency = sys.argv[1:]
    with Ledger(Path(path), "job", Budget(dollars=float(dollars))) as ledger:
        model = model_at(address, ledger, concurrency=int(concurrency))
        LLMLabeller(model).label(features(range(int(number))))


if __name__ == "__main__":
    main()
