"""What looks like personal data and what does not, and that looking takes linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel_guardrails.patterns import MOST_CHARACTERS, PATTERNS, luhn, mod97

FOUND = {pattern.id.removesuffix("_share"): pattern.found for pattern in PATTERNS}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "write to ann@example.org, please"),
        ("email", "first.last+tag@mail.example.co.uk"),
        ("email", "<ü@example.org>"),
        ("phone", "call +49 30 1234567"),
        ("phone", "+1 (202) 555-0143"),
        ("phone", "(202) 555-0143"),
        ("phone", "202-555-0143."),
        ("phone", "tél. 01 23 45 67 89"),
        ("payment_card", "4111 1111 1111 1111 exp 12/29 cvv 123"),
        ("payment_card", "4111-1111-1111-1111 123"),
        ("payment_card", "5500005555555559"),
        ("payment_card", "2223003122003222"),
        ("payment_card", "3782 822463 10005"),
        ("payment_card", "30569309025904"),
        ("payment_card", "order 1234 1234 1234 5555 5555 5555 4444"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "IBAN GB82WEST12345698765432."),
        ("iban", "pay NO93 8601 1117 947 today"),
        ("iban", "NO9386011117947 DE89370400440532013000"),
        ("ip_address", "from 192.168.0.1"),
        ("ip_address", "[2001:db8::8a2e:370:7334]"),
        ("ip_address", "fe80:0:0:0:200:f8ff:fe21:67cf"),
        ("us_social_security_number", "SSN 123-45-6789"),
    ],
)
def test_personal_data_is_found(kind: str, text: str) -> None:
    assert FOUND[kind](text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "meet @ noon"),
        ("email", "a@b"),
        ("email", "@handle and @other.name"),
        ("phone", "2019-03-31 12:30:00"),
        ("phone", "1e+20000000"),
        ("phone", "123-45-6789"),
        ("phone", "order 2025550143"),
        ("payment_card", "4111 1111 1111 1112"),
        ("payment_card", "0000 0000 0000 0000"),
        ("payment_card", "41111111111111110"),
        ("payment_card", "9999999999999995"),
        ("iban", "DE89 3704 0044 0532 0130 01"),
        ("iban", "XX89370400440532013000"),
        ("iban", "DE89370400440532013000X"),
        ("iban", "GB82 WEST"),
        ("ip_address", "1.2.3"),
        ("ip_address", "256.1.1.1"),
        ("ip_address", "1.2.3.4.5"),
        ("ip_address", "12:30:45"),
        ("ip_address", "std::vector"),
        ("us_social_security_number", "000-12-3456"),
        ("us_social_security_number", "666-12-3456"),
        ("us_social_security_number", "900-12-3456"),
        ("us_social_security_number", "123-00-4567"),
        ("us_social_security_number", "1123-45-6789"),
    ],
)
def test_what_only_resembles_it_is_not(kind: str, text: str) -> None:
    assert not FOUND[kind](text)


@pytest.mark.parametrize("text", ["", " ", "Never married", "40K - 60K €", "Born in US", "True", "0.5", "2018-01-01"])
def test_plain_categories_hold_no_personal_data(text: str) -> None:
    assert [kind for kind, found in FOUND.items() if found(text)] == []


HOSTILE = {
    "one digit": "1",
    "spaced digits": "1 ",
    "card groups": "4111 ",
    "hyphens": "-1",
    "letters": "a",
    "at signs": "a@",
    "labels": "a@" + "a" * 63 + ".",
    "dots": "a@a.",
    "plus": "+1",
    "plus brackets": "+1(",
    "capitals": "DE89",
    "colons": "a:",
    "octets": "1.",
    "pairs": "01 ",
    "areas": "123-",
    "unicode digits": "١",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("kind", FOUND)
def test_hostile_text_takes_linear_time(kind: str, piece: str) -> None:
    text = (piece * (MOST_CHARACTERS * 10))[: MOST_CHARACTERS * 10]
    started = time.process_time()
    FOUND[kind](text)
    # 100,000 characters take about a tenth of a second at most; quadratic time would be thousands of times more.
    assert time.process_time() - started < 1.0


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789-+ .:()@aADE"), max_size=200))
def test_no_text_raises(text: str) -> None:
    assert {found(text) for found in FOUND.values()} <= {True, False}


@settings(deadline=None)
@given(st.integers(10**11, 10**18))
def test_one_wrong_digit_breaks_luhn(number: int) -> None:
    digits = next(f"{number}{check}" for check in range(10) if luhn(f"{number}{check}"))
    wrong = str((int(digits[0]) + 1) % 10) + digits[1:]
    assert not luhn(wrong)


@settings(deadline=None)
@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=11, max_size=30))
def test_check_digits_by_iso_7064_fulfil_mod97(account: str) -> None:
    rest = int("".join(str(int(c, 36)) for c in f"{account}DE00")) % 97
    iban = f"DE{98 - rest:02d}{account}"
    assert mod97(iban)
    assert not mod97(f"DE{97 - rest:02d}{account}")
