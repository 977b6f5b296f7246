"""The countries a definition may name: ISO 3166-1 alpha-2, as the package Babel lists the world's territories."""

from __future__ import annotations

from typing import Final

from babel import Locale

NOT_COUNTRIES: Final = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"})
"""Two-letter codes of CLDR that are groups of countries, or made for tests."""

COUNTRIES: Final = frozenset(
    code
    for code in map(str, Locale("en").territories)
    if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES
)
