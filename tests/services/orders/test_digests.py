"""The digest of an order's content: of the same text whoever writes it, so that those kept earlier stay true."""

import hashlib
import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.money.credit import Buyer
from services.orders.contents import HEADER
from services.orders.drafts import content_sha256
from services.orders.pricing import PricedLine

# whatever XML 1.0 can carry is kept in a text, and more than that must not differ
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WHOLES = st.integers(0, 2**63 - 1)
DAYS = st.just(date(2026, 1, 1))
LINE = st.tuples(WHOLES, TEXTS, TEXTS, WHOLES, TEXTS, WHOLES, WHOLES, DAYS, WHOLES, WHOLES, WHOLES)
LINES = st.lists(LINE.map(lambda values: PricedLine(*values)), max_size=3)


@given(TEXTS, st.tuples(*[st.none() | TEXTS] * 5), LINES)
def test_the_digest_is_that_of_the_canonical_text(code, header, lines):
    buyer = Buyer(1, code, "n", "dealer", "000001", "active", *[None] * 5)
    named = list(header)
    priced = [[x.sku, x.quantity, x.unit, x.units, x.unit_price, x.tax_rate_ppm, x.total_cents] for x in lines]
    canonical = json.dumps([1, code, named, priced], ensure_ascii=False, separators=(",", ":"))

    found = content_sha256(buyer, dict(zip(HEADER, header, strict=True)), lines)

    assert found == hashlib.sha256(canonical.encode()).hexdigest()
