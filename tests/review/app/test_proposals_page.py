"""The proposals page: what is shown, and what accepting and rejecting does."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.server import build_app
from eval_pipeline.tables import TaxonomyProposals
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for
from tests.review.app.conftest import AppClient, browser
from tests.stored_sessions import store_sessions

DAY = dt.date(2025, 3, 10)
HOSTILE = '<script>alert(1)</script> "gift"'
PLACE = {"proposal_id": "k1", "as_of_day": DAY.isoformat()}
WORDS = {
    "id": "invented_gift",
    "title": "Invented gift",
    "definition": "The assistant promises a gift that nobody granted.",
    "includes": "A voucher made up\nA free membership",
    "excludes": "A voucher that a tool granted (no failure)",
    "examples": "It writes: a gift is on its way.",
    "owner": "policy",
}


def propose(warehouse: PostgresWarehouse) -> None:
    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a gift"}]
    store_sessions(warehouse, {"open": said, "waits": said})
    row = frame_for(TaxonomyProposals, 1, DAY).assign(
        proposal_id="k1", origin="production", n_sessions=7, n_population=200, n_before=0, n_population_before=600
    )
    row = row.assign(rate=0.035, rate_low=0.017, rate_high=0.07, rate_before=0.0, trend="new", suggested_title=HOSTILE)
    row["terms"], row["fingerprint"] = [["gift", "voucher"]], [{"gift": 1.0}]
    row["examples"] = [["open", "gone"]]
    warehouse.replace_day(TaxonomyProposals, DAY, [row])


def act(client: Any, path: str, key: str = "key-00000001", **fields: str) -> Any:
    return client.post(path, data={**PLACE, "idempotency_key": key, **fields})


def test_it_shows_what_is_proposed_and_links_what_may_be_seen(
    warehouse: PostgresWarehouse, app_client: AppClient
) -> None:
    propose(warehouse)
    client = app_client(role="viewer")
    listed = client.get("/proposals").text
    assert "3.5 %" in listed and "gift, voucher" in listed and HOSTILE not in listed
    page = client.get("/proposal", params={"id": "k1", "day": DAY.isoformat()}).text
    assert "/session?id=open" in page and "gone" not in page and "1 not shown" in page
    assert "A lead decides on it" in page and "/proposals/accept" not in page


def test_accepting_writes_a_draft_and_no_category(
    warehouse: PostgresWarehouse, app_context: AppContext, app_client: AppClient, tmp_path: Path
) -> None:
    propose(warehouse)
    lead = app_client(role="lead", reviewer="lea")
    own = browser(build_app(replace(app_context, drafts=tmp_path / "drafts")))
    own.cookies.update(lead.cookies)
    own.headers["X-CSRF-Token"] = lead.headers["X-CSRF-Token"]
    assert act(own, "/proposals/accept", **{**WORDS, "id": "loop"}).status_code == 400
    for _ in range(2):
        assert act(own, "/proposals/accept", **WORDS).status_code == 303
    draft = (tmp_path / "drafts" / "invented_gift.yaml").read_text()
    assert "Invented gift" in draft
    decided = warehouse.query("select decision, decided_by, category_id, draft, terms from evals.taxonomy_decisions")
    assert decided.to_dict("records") == [
        {
            "decision": "accepted",
            "decided_by": "lea",
            "category_id": "invented_gift",
            "draft": draft,
            "terms": ["gift", "voucher"],
        }
    ]
    assert "invented_gift" not in app_context.deployment.taxonomy.ids
    page = own.get("/proposal", params={"id": "k1", "day": DAY.isoformat()}).text
    assert "taxonomy migrate" in page and "invented_gift" in page
    audited = warehouse.query("select actor from evals.audit_trail where written_table = 'taxonomy_decisions'")
    assert audited["actor"].tolist() == ["lea"]
    # Another lead comes too late.
    assert act(app_client(role="lead", reviewer="bo"), "/proposals/reject", reason="no").status_code == 409


def test_rejecting_needs_a_reason_and_takes_it_off_the_list(
    warehouse: PostgresWarehouse, app_client: AppClient
) -> None:
    propose(warehouse)
    lead = app_client(role="lead", reviewer="lea")
    assert act(lead, "/proposals/reject", reason=" ").status_code == 400
    assert act(lead, "/proposals/reject", reason="only a test").status_code == 303
    listed = lead.get("/proposals").text
    assert "Nothing is proposed" in listed and "only a test" in listed


def test_what_is_no_proposal_is_refused(warehouse: PostgresWarehouse, app_client: AppClient) -> None:
    lead = app_client(role="lead", reviewer="lea")
    assert lead.get("/proposal", params={"id": "k9", "day": "tomorrow"}).status_code == 404
    assert act(lead, "/proposals/reject", reason="no").status_code == 400
