"""The files of the scratch project and the changes the demo agent knows how to propose to it."""

from collections.abc import Iterator
from dataclasses import dataclass

PRICES = "shop/prices.py"
STOCK = "shop/stock.py"
NOTES = "NOTES.md"

FILES: dict[str, str] = {
    "README.md": """\
# A small shop

A scratch project of PhoneWork's demo agent. Everything in it may be changed or deleted.

    python -m unittest -v
""",
    ".gitignore": "__pycache__/\n*.pyc\n.phonework*\n",
    "shop/__init__.py": '"""A small shop: prices and stock."""\n',
    PRICES: '''\
"""Prices in cents."""


def total(prices: list[int]) -> int:
    """Return the sum of the prices.

    >>> total([199, 301])
    500
    """
    return sum(prices)
''',
    STOCK: '''\
"""How many pieces are left."""


def take(stock: int, wanted: int) -> int:
    """Return what is left after taking `wanted` pieces.

    >>> take(5, 2)
    3
    """
    if wanted > stock:
        raise ValueError(f"only {stock} left")
    return stock - wanted
''',
    "tests/__init__.py": "",
    "tests/test_shop.py": '''\
"""Every function is tested by the examples in its own docstring."""

import doctest
import unittest

from shop import prices, stock


def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str) -> unittest.TestSuite:
    for module in (prices, stock):
        tests.addTests(doctest.DocTestSuite(module))
    return tests


class ShopTest(unittest.TestCase):
    def test_taking_too_much_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            stock.take(1, 2)
''',
    "tools/countdown.py": '''\
"""Count down one second at a time; end early when whoever started us goes away."""

import select
import sys

seconds = int(sys.argv[1])
for left in range(seconds, 0, -1):
    print(f"{left} s left", flush=True)
    if select.select([sys.stdin], [], [], 1.0)[0] and not sys.stdin.read(1):
        sys.exit("nobody listens any more")
print("done")
''',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A function to be added to a module. title: Chinese and English."""

    path: str
    name: str
    title: tuple[str, str]
    code: str


def _feature(path: str, signature: str, title: tuple[str, str], sentence: str, example: str, body: str) -> Feature:
    call, result = example.split(" -> ")
    code = f'\n\ndef {signature}:\n    """{sentence}\n\n    >>> {call}\n    {result}\n    """\n    {body}\n'
    return Feature(path=path, name=signature.split("(")[0], title=title, code=code)


FEATURES: tuple[Feature, ...] = (
    _feature(
        PRICES,
        "with_tax(cents: int, percent: int) -> int",
        ("含税价格", "prices with tax"),
        "Return the price with tax, rounded half up.",
        "with_tax(999, 19) -> 1189",
        "return (cents * (100 + percent) + 50) // 100",
    ),
    _feature(
        PRICES,
        "discounted(cents: int, percent: int) -> int",
        ("打折", "discounts"),
        "Return the price after a discount, never below zero.",
        "discounted(1000, 25) -> 750",
        "return max(0, cents - cents * percent // 100)",
    ),
    _feature(
        STOCK,
        "is_low(stock: int, limit: int = 3) -> bool",
        ("库存预警", "a warning for low stock"),
        "Return whether it is time to order.",
        "is_low(2) -> True",
        "return stock <= limit",
    ),
    _feature(
        PRICES,
        "formatted(cents: int) -> str",
        ("价格显示", "prices for people to read"),
        "Return the price for a person to read.",
        "formatted(1234505) -> '12,345.05'",
        'return f"{cents // 100:,}.{cents % 100:02}"',
    ),
    _feature(
        STOCK,
        "refill(stock: int, target: int) -> int",
        ("补货数量", "how much to order"),
        "Return how many pieces to order to reach the target.",
        "refill(4, 10) -> 6",
        "return max(0, target - stock)",
    ),
)


def features(path: str = "") -> Iterator[Feature]:
    """Yield what may be added, without end; path: only to this file."""
    yield from (feature for feature in FEATURES if path in ("", feature.path))
    number = 2
    while True:
        yield _feature(
            path or PRICES,
            f"bundle_of_{number}(amount: int) -> int",
            (f"{number} 件装", f"bundles of {number}"),
            f"Return the amount for a bundle of {number}.",
            f"bundle_of_{number}(10) -> {number * 10}",
            f"return amount * {number}",
        )
        number += 1
