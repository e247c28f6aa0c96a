import sys

import pytest

from saetui.errors import InputError, LanguageModelError, MissingDependency
from saetui.interpret.llm import LanguageModel, Ledger, Price, model_settings, parse_price
from saetui.interpret.llm.settings import ModelSettings

LOCAL = "http://localhost:11434/v1"


def test_what_a_user_writes(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    settings = model_settings("openai: gpt-4o-mini")
    assert settings == ModelSettings("gpt-4o-mini", "https://api.openai.com/v1", Price(0.15, 0.6))
    assert settings.spec == "openai:gpt-4o-mini"
    assert "secret" not in repr(settings)


def test_the_environment_names_the_endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL + "/")
    assert model_settings("openai:llama3.2:3b").address == LOCAL
    assert model_settings("openai:llama3.2:3b").model == "llama3.2:3b"
    assert model_settings("openai:m", base_url="https://x.org/v1").address == "https://x.org/v1"


@pytest.mark.parametrize(
    ("model", "address", "price"),
    [
        ("llama3.2", LOCAL, Price(0, 0)),
        ("llama3.2", "http://127.0.0.1:8000/v1", Price(0, 0)),
        ("llama3.2", "https://example.org/v1", None),
        ("gpt-4o-2024-08-06", "https://example.org/v1", Price(2.5, 10)),
        ("gpt-4o", LOCAL, Price(2.5, 10)),
        ("gpt-4o-audio-preview", "https://example.org/v1", None),
    ],
)
def test_prices(model, address, price):
    assert model_settings(f"openai:{model}", base_url=address).price == price
    named = model_settings(f"openai:{model}", base_url=address, price=Price(1, 2))
    assert named.price == Price(1, 2)


def test_a_price_as_written():
    assert parse_price("2.50, 10") == Price(2.5, 10)
    assert Price(2.5, 10).of(1_000_000, 100_000) == 3.5
    for wrong in ("", "1", "1,2,3", "a,b", "-1,2", "nan,1", "inf,1"):
        with pytest.raises(InputError, match="is not a price"):
            parse_price(wrong)


@pytest.mark.parametrize("spec", ["", "openai:", "gpt-4o", "azure:gpt-4o", "openai: "])
def test_a_spec_without_a_model(spec):
    with pytest.raises(InputError, match="does not name a language model"):
        model_settings(spec, base_url=LOCAL)


def test_what_cannot_be_asked():
    with pytest.raises(LanguageModelError, match="OPENAI_API_KEY is not set") as caught:
        model_settings("openai:gpt-4o")
    assert "--base-url" in caught.value.hint
    with pytest.raises(LanguageModelError, match="is not the address of an endpoint"):
        model_settings("openai:m", base_url="localhost:11434")
    with pytest.raises(InputError, match="0 requests at a time"):
        model_settings("openai:m", base_url=LOCAL, concurrency=0)


def test_the_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with (
        Ledger(tmp_path / "r.sqlite", "job") as ledger,
        pytest.raises(MissingDependency, match=r"'openai:m' needs the package 'httpx2'"),
    ):
        LanguageModel(model_settings("openai:m", base_url=LOCAL), ledger)
