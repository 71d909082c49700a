"""Names of proposed kinds: from terms, or from a reply that fits."""

from dataclasses import replace

import orjson
import pytest

from eval_pipeline.error_analysis.proposing import proposed
from eval_pipeline.error_analysis.suggesting import by_terms, read_suggestion
from eval_pipeline.ports import Attempt
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.taxonomy.categories import load_taxonomy
from tests.error_analysis.frames import DAY, evidence, quiet, weeks

TAXONOMY = load_taxonomy(PROJECT_ROOT / "catalog" / "taxonomy.yaml")
FITS = {"id": "invented_gift", "title": "Invented gift", "definition": "The assistant promises what nobody granted."}


def test_without_a_model_the_words_of_the_kind_name_it() -> None:
    (kind,) = proposed(DAY, evidence({**quiet(400), **weeks(0, 9, "your gift voucher")}), []).values()
    said = by_terms(kind, TAXONOMY)
    assert (
        said.suggested_by == "terms" and said.suggested_id == "gift_voucher" and '"gift"' in said.suggested_definition
    )
    # Words without a Latin letter still make an id that a category may have.
    assert by_terms(replace(kind, terms=["подарок"]), TAXONOMY).suggested_id.startswith("kind_")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "no JSON",
        "[]",
        orjson.dumps({**FITS, "id": "loop"}).decode(),
        orjson.dumps({**FITS, "id": "../etc"}).decode(),
        orjson.dumps({**FITS, "more": "x"}).decode(),
        orjson.dumps({**FITS, "definition": "x" * 501}).decode(),
    ],
)
def test_of_a_reply_that_does_not_fit_nothing_is_taken(reply: str) -> None:
    assert read_suggestion(Attempt("reply", 0.1, reply=reply), TAXONOMY, "m") is None


def test_a_reply_that_fits_is_a_suggestion_of_its_model() -> None:
    attempt = Attempt("reply", 0.1, reply=orjson.dumps(FITS).decode())
    said = read_suggestion(attempt, TAXONOMY, "m")
    assert said is not None and said.suggested_id == "invented_gift" and said.suggested_by == "m"
