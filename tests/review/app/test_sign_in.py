"""Signing in by link, by proxy and by password; cookies; what a server refuses to start on."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from eval_pipeline.errors import SettingsError
from eval_pipeline.review.accounts import Account, add, change
from eval_pipeline.review.app.context import AppContext
from eval_pipeline.review.app.entrances import (
    FREE_BY_ADDRESS,
    FREE_BY_NAME,
    AccountsEntrance,
    LocalEntrance,
    ProxyEntrance,
)
from eval_pipeline.review.app.passwords import KNOWN, hashed, known_default, matches, weakness
from eval_pipeline.review.app.server import build_app
from eval_pipeline.review.app.serving import link_of, refuse_unsafe
from eval_pipeline.review.app.slow_down import LONGEST_WAIT_S, SlowDown
from eval_pipeline.review.policy import ReviewPolicy
from eval_pipeline.review.ports import Role
from resources.warehouse import PostgresWarehouse
from tests.review.app.conftest import browser

PASSWORD = "a long walk to the sea"
NOW = datetime(2025, 3, 5, tzinfo=UTC)
PROXY = ReviewPolicy.model_validate(
    {
        "people": "proxy",
        "trusted_addresses": ["10.1.0.0/16"],
        "hosts": ["review.example.org"],
        "proxy": {"roles": {"lea": "lead", "vic": "viewer"}, "default_role": None},
    }
)
ACCOUNTS = ReviewPolicy.model_validate({"people": "accounts", "trusted_addresses": ["10.1.0.0/16"]})


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def form_token(client: TestClient, **options: object) -> str:
    page = client.get("/sign-in", **options)  # type: ignore[arg-type]
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def sign_in(client: TestClient, headers: dict[str, str] | None = None, **fields: str) -> int:
    token = form_token(client, headers=headers)
    return client.post("/sign-in", data={"csrf_token": token, **fields}, headers=headers).status_code


# The link of a local start


@pytest.fixture
def local(app_context: AppContext) -> AppContext:
    return replace(app_context, entrance=LocalEntrance("ann"))


def test_the_printed_link_lets_its_one_user_in_and_nobody_else(local: AppContext) -> None:
    address, _, token = link_of(local, "127.0.0.1", 3001).partition("#")
    assert address == "http://127.0.0.1:3001/sign-in" and len(token) >= 43
    client = browser(build_app(local))
    assert sign_in(client, token="wrong") == 403 and sign_in(client) == 403
    assert client.get("/").status_code == 303
    assert sign_in(client, token=token) == 303
    page = client.get("/")
    assert page.status_code == 200 and "ann" in page.text and "lead" in page.text
    assert token not in page.text and token not in repr(local.entrance)


def test_each_start_has_a_token_of_its_own_and_the_signed_in_browser_stays_so(local: AppContext) -> None:
    client = browser(build_app(local))
    assert sign_in(client, token=local.entrance.token) == 303  # type: ignore[attr-defined]
    restarted = replace(local, entrance=LocalEntrance("ann"))
    assert restarted.entrance.token != local.entrance.token  # type: ignore[attr-defined]
    again = browser(build_app(restarted))
    assert sign_in(again, token=local.entrance.token) == 403  # type: ignore[attr-defined]
    again.cookies.update(client.cookies)
    assert again.get("/").status_code == 200
    of_another_user = browser(build_app(replace(local, entrance=LocalEntrance("ben"))))
    of_another_user.cookies.update(client.cookies)
    assert of_another_user.get("/").status_code == 303


def test_the_cookie_is_out_of_reach_and_new_at_each_sign_in(local: AppContext) -> None:
    client = browser(build_app(local))
    client.cookies.set("review_session_3001", "planted", domain="127.0.0.1")
    cookies: list[str] = []
    for _ in range(2):
        token = form_token(client)
        answer = client.post("/sign-in", data={"csrf_token": token, "token": local.entrance.token})  # type: ignore[attr-defined]
        [cookie] = [line for line in answer.headers.get_list("set-cookie") if "review_session" in line]
        assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
        assert "Secure" not in cookie and "Domain" not in cookie
        cookies.append(cookie.partition(";")[0])
    earlier, latest = cookies
    assert earlier != latest and "planted" not in earlier
    assert browser(build_app(local)).get("/", headers={"Cookie": latest}).status_code == 200
    assert browser(build_app(local)).get("/", headers={"Cookie": earlier}).status_code == 303


def test_signing_out_ends_the_token_on_the_server(local: AppContext) -> None:
    client = browser(build_app(local))
    sign_in(client, token=local.entrance.token)  # type: ignore[attr-defined]
    kept = dict(client.cookies)
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert token
    ended = client.post("/sign-out", data={"csrf_token": token[1]})
    assert ended.status_code == 303 and ended.headers["clear-site-data"] == '"storage"'
    assert "review_session_3001" not in client.cookies
    client.cookies.update(kept)
    assert client.get("/").status_code == 303


def test_the_sign_in_form_itself_brings_a_token(local: AppContext) -> None:
    client = browser(build_app(local))
    fields = {"token": local.entrance.token}  # type: ignore[attr-defined]
    assert client.post("/sign-in", data=fields).status_code == 403
    assert client.post("/sign-in", data={**fields, "csrf_token": "mine"}).status_code == 403
    good = form_token(client)
    assert client.post("/sign-in", data={**fields, "csrf_token": "mine"}).status_code == 403
    foreign = client.post("/sign-in", data={**fields, "csrf_token": good}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403 and client.get("/").status_code == 303


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/session?id=a%20b", "/session?id=a%20b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_back_into_the_app_alone(local: AppContext, wanted: str, led_to: str) -> None:
    client = browser(build_app(local))
    shown = client.get("/sign-in", params={"next": wanted})
    assert "evil" not in shown.text and "javascript:" not in shown.text
    fields = {"csrf_token": form_token(client), "token": local.entrance.token, "next": wanted}  # type: ignore[attr-defined]
    assert client.post("/sign-in", data=fields).headers["location"] == led_to


# A proxy in front


@pytest.fixture
def behind_proxy(app_context: AppContext) -> Callable[[str], TestClient]:
    context = replace(app_context, policy=PROXY, entrance=ProxyEntrance(PROXY))
    return lambda address: browser(build_app(context), client=(address, 40000))


def test_the_proxy_names_the_person_and_the_policy_the_role(behind_proxy: Callable[[str], TestClient]) -> None:
    client = behind_proxy("10.1.2.3")
    lea, vic = {"X-Forwarded-User": "lea"}, {"X-Forwarded-User": "vic"}
    assert client.get("/", headers=lea).headers["location"] == "/sign-in"
    assert sign_in(client, headers=lea) == 303
    assert client.get("/adjudication", headers=lea).status_code == 200
    assert client.get("/", headers=vic).status_code == 303, "another person at the same browser"
    assert client.get("/").status_code == 303, "no name, no page"
    assert sign_in(behind_proxy("::ffff:10.1.2.3"), headers=vic) == 303
    assert sign_in(behind_proxy("10.1.2.3"), headers={"X-Forwarded-User": "mallory"}) == 403
    two = behind_proxy("10.1.2.3")
    two.headers.update([("X-Forwarded-User", "vic")])
    both = two.build_request("GET", "/sign-in", headers=[("X-Forwarded-User", "vic"), ("X-Forwarded-User", "lea")])
    assert "named nobody" in two.send(both).text


def test_from_any_other_address_nothing_is_answered(behind_proxy: Callable[[str], TestClient]) -> None:
    signed_in = behind_proxy("10.1.2.3")
    sign_in(signed_in, headers={"X-Forwarded-User": "lea"})
    for address in ("10.2.0.1", "127.0.0.1", "not an address", "::1"):
        client = behind_proxy(address)
        client.cookies.update(signed_in.cookies)
        for path in ("/", "/sign-in", "/session"):
            headers = {"X-Forwarded-User": "lea", "X-Forwarded-For": "10.1.2.3"}
            assert client.get(path, headers=headers).status_code == 403


def test_cookies_are_secure_when_the_trusted_proxy_says_https(
    app_context: AppContext, behind_proxy: Callable[[str], TestClient]
) -> None:
    headers = {"X-Forwarded-User": "lea", "X-Forwarded-Proto": "https", "Host": "review.example.org"}
    answer = behind_proxy("10.1.2.3").get("/sign-in", headers=headers)
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-review_form_") and "Secure" in cookie and "HttpOnly" in cookie
    foreign = browser(build_app(replace(app_context, policy=PROXY)), client=("10.9.9.9", 40000))
    [cookie] = foreign.get("/sign-in", headers=headers).headers.get_list("set-cookie")
    assert "Secure" not in cookie


# Names and passwords


@pytest.fixture
def team(app_context: AppContext, warehouse: PostgresWarehouse) -> AppContext:
    roles: dict[str, Role] = {"lea": "lead", "ben": "reviewer"}
    for name, role in roles.items():
        add(warehouse, Account(name, role, hashed(PASSWORD + name), True, NOW))
    return replace(app_context, policy=ACCOUNTS, entrance=AccountsEntrance(ACCOUNTS, app_context.people))


def test_a_password_opens_and_a_refusal_says_nothing_of_the_name(team: AppContext) -> None:
    client = browser(build_app(team))
    assert sign_in(client, reviewer="ben", password=PASSWORD + "ben") == 303
    assert client.get("/").status_code == 200 and client.get("/adjudication").status_code == 403
    pages = []
    for name in ("ben", "nobody", "", "ben\u0301"):
        other = browser(build_app(team))
        token = form_token(other)
        answer = other.post("/sign-in", data={"csrf_token": token, "reviewer": name, "password": "wrong"})
        assert answer.status_code == 403
        pages.append(answer.text.replace(token, ""))
    assert len(set(pages)) == 1 and "do not go together" in pages[0]


def test_a_changed_or_disabled_account_is_out_at_once(team: AppContext, warehouse: PostgresWarehouse) -> None:
    client = browser(build_app(team))
    ben = Account("ben", "reviewer", hashed(PASSWORD + "ben"), True, NOW)
    for changed in ({"role": "viewer"}, {"password_hash": hashed("another long walk")}, {"is_active": False}):
        change(warehouse, ben, NOW)
        assert sign_in(client, reviewer="ben", password=PASSWORD + "ben") == 303
        assert client.get("/").status_code == 200
        change(warehouse, ben, NOW, **changed)
        assert client.get("/").status_code == 303
    assert sign_in(client, reviewer="ben", password=PASSWORD + "ben") == 403


def test_guessing_is_slowed_down_by_name_and_by_address(team: AppContext) -> None:
    clock = Clock()
    entrance = AccountsEntrance(ACCOUNTS, team.people, SlowDown(clock))
    context = replace(team, entrance=entrance)

    def attempt(address: str, name: str, password: str = "wrong") -> int:
        return sign_in(browser(build_app(context), client=(address, 1)), reviewer=name, password=password)

    assert [attempt(f"192.0.2.{n}", "ben") for n in range(FREE_BY_NAME)] == [403] * FREE_BY_NAME
    assert attempt("192.0.2.99", "ben", PASSWORD + "ben") == 429, "also from elsewhere, also the right one"
    assert attempt("192.0.2.99", "lea", PASSWORD + "lea") == 303
    clock.now += 2
    assert attempt("192.0.2.99", "ben", PASSWORD + "ben") == 303
    assert [attempt("192.0.2.7", f"name {n}") for n in range(FREE_BY_ADDRESS)] == [403] * FREE_BY_ADDRESS
    assert attempt("192.0.2.7", "lea", PASSWORD + "lea") == 429
    assert attempt("192.0.2.8", "lea", PASSWORD + "lea") == 303


def test_who_guesses_at_a_name_does_not_lock_its_owner_out(team: AppContext) -> None:
    entrance = AccountsEntrance(ACCOUNTS, team.people, SlowDown(Clock()))
    context = replace(team, entrance=entrance)

    def attempt(address: str, password: str) -> int:
        return sign_in(browser(build_app(context), client=(address, 1)), reviewer="ben", password=password)

    assert attempt("192.0.2.1", PASSWORD + "ben") == 303
    assert [attempt("198.51.100.9", "wrong") for _ in range(FREE_BY_NAME + 1)] == [403] * FREE_BY_NAME + [429]
    assert attempt("192.0.2.1", PASSWORD + "ben") == 303
    assert attempt("198.51.100.9", PASSWORD + "ben") == 429, "the guesser's wait goes on"
    assert [attempt("192.0.2.1", "wrong") for _ in range(FREE_BY_NAME + 1)] == [403] * FREE_BY_NAME + [429]


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40))
def test_however_one_times_guesses_the_wait_grows_to_its_limit(pauses: list[float]) -> None:
    clock = Clock()
    slow_down = SlowDown(clock)
    counted = 0
    for pause in pauses:
        wait = slow_down.begin({"name ann": 3})
        assert 0 <= wait <= LONGEST_WAIT_S
        counted += wait == 0
        clock.now += pause
    elapsed = sum(pauses)
    assert counted <= 3 + elapsed / LONGEST_WAIT_S + 9, (
        "after three free ones 2 ** n seconds each: nine until the limit"
    )


def test_what_a_trusted_proxy_forwards_is_whose_guesses_are_counted(team: AppContext) -> None:
    clock = Clock()
    context = replace(team, entrance=AccountsEntrance(ACCOUNTS, team.people, SlowDown(clock)))
    proxied = browser(build_app(context), client=("10.1.0.1", 1))
    for n in range(FREE_BY_ADDRESS):
        sign_in(
            proxied, headers={"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.1"}, reviewer=f"n{n}", password="wrong"
        )
    told = {"X-Forwarded-For": "203.0.113.200, 198.51.100.1"}
    assert sign_in(proxied, headers=told, reviewer="lea", password=PASSWORD + "lea") == 429
    elsewhere = {"X-Forwarded-For": "198.51.100.2"}
    assert sign_in(proxied, headers=elsewhere, reviewer="lea", password=PASSWORD + "lea") == 303


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "5 characters"),
        ("x" * 1001, "1001 characters"),
        ("passwordpassword", "well-known"),
        ("PasswordPassword", "well-known"),
        ("maximilian-of-x", "the name"),
        ("maximilian-of-x2025!", "the name"),
        ("aaaaaaabbbbbbb", "few characters"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, why: str) -> None:
    assert why in str(weakness(password, "maximilian-of-x"))


def test_a_good_password_is_kept_as_an_argon2id_hash_alone() -> None:
    assert weakness(PASSWORD, "ann") is None
    kept = hashed(PASSWORD)
    assert kept.startswith("$argon2id$") and PASSWORD not in kept and hashed(PASSWORD) != kept
    assert matches(kept, PASSWORD) and not matches(kept, PASSWORD + " ")
    assert matches(hashed("caf\u00e9 au lait, s'il"), "cafe\u0301 au lait, s'il")
    assert not matches(None, PASSWORD) and not matches("no hash", PASSWORD)
    assert known_default(kept, "ann") is None
    assert all(weakness(known, "ann") for known in KNOWN)


# What a server refuses to start on


def test_a_start_is_refused_where_anyone_could_come_in(team: AppContext, warehouse: PostgresWarehouse) -> None:
    refuse_unsafe(team, "127.0.0.1")
    for known in (KNOWN[0], "max"):
        weak = Account("max", "lead", hashed(known), True, NOW)
        add(warehouse, weak) if known == KNOWN[0] else change(warehouse, weak, NOW)
        with pytest.raises(SettingsError, match="the password of max is one that everybody tries first"):
            refuse_unsafe(team, "127.0.0.1")
    change(warehouse, weak, NOW, is_active=False)
    refuse_unsafe(team, "127.0.0.1")


def test_a_start_without_any_account_is_refused(app_context: AppContext) -> None:
    with pytest.raises(SettingsError, match="no account"):
        refuse_unsafe(replace(app_context, policy=ACCOUNTS), "127.0.0.1")


def test_a_start_for_other_machines_needs_a_team_and_its_proxy(local: AppContext) -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "review.example.org"):
        with pytest.raises(SettingsError, match="people: local"):
            refuse_unsafe(local, host)
        with pytest.raises(SettingsError, match="plain HTTP"):
            refuse_unsafe(replace(local, policy=ReviewPolicy(people="accounts")), host)
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        refuse_unsafe(local, host)
    refuse_unsafe(replace(local, policy=PROXY), "0.0.0.0")
