"""Types that both clients know, each with values that are easy to get wrong."""

import datetime as dt
import uuid
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any

UTC = dt.UTC
TYPES: dict[str, list[Any]] = {
    "Int8": [-128, 127],
    "Int16": [-(2**15), 2**15 - 1],
    "Int32": [-(2**31), 2**31 - 1],
    "Int64": [-(2**63), 2**63 - 1],
    "Int128": [-(2**100), 5],
    "Int256": [-(2**200), 5],
    "UInt8": [0, 255],
    "UInt16": [0, 2**16 - 1],
    "UInt32": [0, 2**32 - 1],
    "UInt64": [0, 2**64 - 1],
    "UInt128": [0, 2**128 - 1],
    "UInt256": [0, 2**256 - 1],
    "Float32": [1.5, -2.0],
    "Float64": [1e300, 0.1],
    "Bool": [True, False],
    "String": ["héé" * 100, ""],
    "FixedString(4)": ["abcd", "wxyz"],
    "LowCardinality(String)": ["p", "q"],
    "LowCardinality(Nullable(String))": [None, "q"],
    "LowCardinality(FixedString(2))": ["pp", "qq"],
    "Date": [dt.date(2026, 1, 2), dt.date(1970, 1, 1)],
    "Date32": [dt.date(1905, 1, 2), dt.date(2200, 1, 1)],
    "DateTime": [dt.datetime(2026, 1, 2, 3, 4, 5), dt.datetime(1970, 1, 1, 0, 0, 1)],
    "DateTime64(3)": [dt.datetime(2026, 1, 2, 3, 4, 5, 678000), dt.datetime(2020, 1, 1)],
    "DateTime64(3, 'Europe/Berlin')": [dt.datetime(2026, 7, 2, 3, 4, 5, 678000, tzinfo=UTC), dt.datetime(1920, 1, 1, tzinfo=UTC)],
    "DateTime64(6, 'Asia/Tokyo')": [dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), dt.datetime(2020, 1, 1, tzinfo=UTC)],
    "UUID": [uuid.UUID(int=7), uuid.UUID(int=2**127)],
    "IPv4": [IPv4Address("1.2.3.4"), IPv4Address("0.0.0.1")],
    "IPv6": [IPv6Address("::1"), IPv6Address("2001:db8::1")],
    "Enum8('a' = 1, 'b, (c)' = 2, 'it\\'s' = 3)": ["a", "b, (c)"],
    "Enum16('x' = 1000, 'y' = -5)": ["x", "y"],
    "Decimal(9, 2)": [Decimal("1.25"), Decimal("-9999999.99")],
    "Decimal(18, 4)": [Decimal("1.2345"), Decimal("-2.5000")],
    "Decimal(38, 10)": [Decimal("123456789012345678.0123456789"), Decimal("0E-10")],
    "Nullable(String)": [None, "x"],
    "Nullable(DateTime64(3))": [None, dt.datetime(2026, 1, 2, 3, 4, 5, 678000)],
    "Nullable(Decimal(9, 2))": [None, Decimal("1.25")],
    "Array(UInt32)": [[1, 2, 3], []],
    "Array(Array(String))": [[["a"], ["b", "c"]], []],
    "Array(Nullable(Int8))": [[1, None], [None]],
    "Array(LowCardinality(String))": [["x", "y", "x"], ["z"]],
    "Array(LowCardinality(Nullable(String)))": [["x", None], []],
    "Array(Tuple(String, UInt8))": [[("a", 1), ("b", 2)], []],
    "Map(String, UInt64)": [{"a": 1}, {}],
    "Map(LowCardinality(String), Array(String))": [{"k": ["v", "w"]}, {}],
    "Tuple(UInt8, String)": [(1, "a"), (2, "b")],
    "SimpleAggregateFunction(max, UInt64)": [5, 6],
}
