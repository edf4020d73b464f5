"""Patterns of personal data in text. Heuristics: what they find looks like it, what they miss may be there.

Every expression takes linear time: repetitions are bounded, and no two parts of one can match the same character.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

#: Only so many characters of a value are looked at.
MOST_CHARACTERS = 10_000


@dataclass(frozen=True)
class Pattern:
    """A kind of personal data and how it is recognised.

    Attributes
    ----------
    id, title : str
        ``id`` is the metric's, ``title`` the plural for people.
    rule : str
        What is looked for, in words.
    found : callable
        Whether a text contains it.
    source : str
    """

    id: str
    title: str
    rule: str
    found: Callable[[str], bool]
    source: str


_EMAIL = re.compile(r"[\w%+-]@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}(?![A-Za-z0-9])")
_PHONES = (
    # International: +49 30 1234567, +1 (202) 555-0143
    re.compile(r"(?<![\w+])\+[1-9](?:[ .\-/()]{0,2}[0-9]){6,14}(?![0-9])", re.ASCII),
    # North America: (202) 555-0143, 202-555-0143
    re.compile(r"(?<![\w-])(?:\([0-9]{3}\) ?|[0-9]{3}[ .\-])[0-9]{3}[ .\-][0-9]{4}(?![\w-])", re.ASCII),
    # In pairs: 01 23 45 67 89
    re.compile(r"(?<![\w.-])0[1-9](?:[ .\-][0-9]{2}){4}(?![\w.-])", re.ASCII),
)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])", re.ASCII)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\.?\w)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{6,39}(?![\w:])", re.ASCII)

_MAYBE_CARD = re.compile(r"[0-9](?:[ -]?[0-9]){12}")
#: As printed on cards; looked for at every place, so that one does not hide behind another number.
_CARDS = tuple(
    re.compile(rf"(?<![0-9])(?=({shape})(?![0-9]))")
    for shape in (
        r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{3}",
        r"3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}",
        r"3[068][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{4}",
    )
)
#: Visa, Mastercard, American Express, Diners Club, JCB, Discover, UnionPay.
_ISSUER = re.compile(
    r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|30[0-5]|3[68]|352[89]|35[3-8]|6011|64[4-9]|65|62"
)

_MAYBE_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}))")
#: Length of each country's IBAN (ISO 13616 registry).
_IBAN_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
    "SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_REGISTRY.split()}


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others.

    References
    ----------
    ISO/IEC 7812-1, annex B.

    Examples
    --------
    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def mod97(iban: str) -> bool:
    """Whether the two check digits fit the rest.

    References
    ----------
    ISO 13616-1, ISO/IEC 7064 MOD 97-10.

    Examples
    --------
    >>> mod97("GB82WEST12345698765432"), mod97("GB82WEST12345698765433")
    (True, False)
    """
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _email(text: str) -> bool:
    return "@" in text and _EMAIL.search(text) is not None


def _phone(text: str) -> bool:
    return any(pattern.search(text) for pattern in _PHONES)


def _payment_card(text: str) -> bool:
    if not _MAYBE_CARD.search(text):
        return False
    numbers = (re.sub("[ -]", "", found[1]) for pattern in _CARDS for found in pattern.finditer(text))
    return any(_ISSUER.match(number) and luhn(number) for number in numbers)


def _iban(text: str) -> bool:
    return any(
        _starts_with_iban(found[1], text[found.end(1) : found.end(1) + 1]) for found in _MAYBE_IBAN.finditer(text)
    )


def _starts_with_iban(raw: str, after: str) -> bool:
    """Whether the characters that the country's IBAN has, and no more, are one."""
    length, taken = _IBAN_LENGTHS.get(raw[:2], 0), ""
    for place, character in enumerate(raw):
        taken += character.strip()
        if len(taken) == length:
            return not (raw[place + 1 : place + 2] or after).isalnum() and mod97(taken)
    return False


def _ip_address(text: str) -> bool:
    if _IPV4.search(text):
        return True
    return text.count(":") > 1 and any(_is_ipv6(found[0]) for found in _IPV6.finditer(text))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _social_security_number(text: str) -> bool:
    return _SSN.search(text) is not None


PATTERNS = (
    Pattern(
        "email_share",
        "E-mail addresses",
        "a name, @ and a domain",
        _email,
        "RFC 5321, simplified",
    ),
    Pattern(
        "phone_share",
        "Phone numbers",
        "international numbers with a +, North American numbers (202) 555-0143, and numbers in pairs 01 23 45 67 89",
        _phone,
        "ITU-T E.123, simplified",
    ),
    Pattern(
        "payment_card_share",
        "Payment card numbers",
        "14 to 19 digits as printed on cards that start like an issuer's and fulfil the Luhn check",
        _payment_card,
        "ISO/IEC 7812-1",
    ),
    Pattern(
        "iban_share",
        "Bank accounts (IBAN)",
        "a country, its number of characters, and check digits that fulfil mod 97",
        _iban,
        "ISO 13616-1",
    ),
    Pattern(
        "ip_address_share",
        "IP addresses",
        "four numbers up to 255 with dots (a version number can look like one), or an IPv6 address",
        _ip_address,
        "RFC 791, RFC 4291",
    ),
    Pattern(
        "us_social_security_number_share",
        "US social security numbers",
        "three, two and four digits with hyphens in the ranges that are issued",
        _social_security_number,
        "US Social Security Administration, SSN randomization (2011)",
    ),
)
