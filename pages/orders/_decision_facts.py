"""Everything an approver needs to decide, drawn on one screen."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.addresses import record_path
from core.i18n import _, ngettext
from models.approvals import DECISION_LABELS, Decision
from models.orders import STATUS_LABELS, OrderStatus
from models.partners.tiers import TIERS
from pages.approvals.spans import waiting_text
from pages.components.base.buttons import text_link
from pages.components.base.elements import Tag
from pages.components.layout.content import (
    MINUS,
    chip,
    kv,
    money_amount,
    money_text,
    notice,
    row,
    short_money_text,
    tone_of,
)
from pages.components.layout.records import Cell, LineColumn, instant_text, line_table
from pages.orders._lines import name_cell, price_text, quantity_text
from pages.orders.queries import region_full_name
from services.orders.approval_facts import LineFacts, OrderFacts

_PPM_PER_TENTH = 1_000  # parts per million in a tenth of a percent


def draw_order_facts(facts: OrderFacts, names: Mapping[str, str]) -> None:
    """Draw an order as its approver needs it: who, on what credit, why it came, what looks odd, and every line."""
    order = facts.order
    label, _tone = STATUS_LABELS[OrderStatus(order.status)]
    with row():
        with Tag("h2", css="qd-heading"):
            text_link(order.number, record_path("orders", order.number))
        chip(_(label), tone_of(order.status))
        Tag("b", money_text(order.total_cents), "qd-heading", testid="decide-total")
    draw_decisions(facts)
    draw_findings(facts)
    kv(_facts(facts, names))
    _draw_lines(facts)


def draw_decisions(facts: OrderFacts) -> None:
    """Draw each decision so far with the credit on which it was based, as it was recorded then."""
    for decision in facts.decisions:
        what = _(DECISION_LABELS[Decision(decision.decision)][0])
        sentence = f"{decision.name} · {what} · {instant_text(decision.decided_at)}"
        sentence = f"{sentence} · {decision.reason}" if decision.reason else sentence
        notice(sentence, "info", items=[_recorded_credit(decision.facts)], testid="decided")


def draw_findings(facts: OrderFacts) -> None:
    """Draw what an approver should look at, while the order waits for the decision."""
    if facts.findings and facts.order.status == OrderStatus.SUBMITTED:
        items = [one.text for one in facts.findings]
        notice(_("Look at this before you decide:"), "warning", items=items, testid="findings")


def credit_facts(facts: OrderFacts) -> dict[str, object]:
    """Return the buyer's credit as it is now: label → text or what draws it."""
    return {_("Credit limit"): _credit(facts), _("Left after this order"): partial(_draw_left, facts)}


def _recorded_credit(recorded: Mapping[str, Any]) -> str:
    limit_cents, used_cents = recorded["credit_limit_cents"], recorded["credit_used_cents"]
    used = money_text(used_cents)
    if limit_cents is None:
        return _("When decided: credit not limited, {used} used", used=used)
    values = {"limit": money_text(limit_cents), "used": used, "left": money_text(limit_cents - used_cents)}
    return _("When decided: credit limit {limit}, {used} used, {left} left after this order", **values)


def _facts(facts: OrderFacts, names: Mapping[str, str]) -> dict[str, object]:
    order, buyer, header = facts.order, facts.buyer, facts.header
    submitter = names.get(order.submitted_by or "", order.submitted_by or "")
    upstream = facts.upstream[1] if facts.upstream else _("the brand itself")
    tier = _("{tier}, under {upstream}", tier=_(TIERS[buyer.tier].label), upstream=upstream)
    since, at = facts.waiting_since, order.submitted_at
    submitted = instant_text(at) if at else None
    waits = f"{submitted} · {waiting_text(since)[0]}" if submitted and since else submitted
    amount = _short(facts.history_cents)
    history = ngettext("{count} order · {amount}", "{count} orders · {amount}", facts.history_count, amount=amount)
    is_decided = bool(facts.decisions) and order.status != OrderStatus.SUBMITTED
    return {
        _("Buyer"): partial(_draw_buyer, facts, tier),
        _("Submitted by"): submitter,
        **({} if is_decided else credit_facts(facts)),  # today's credit is not what was decided on
        _("Submitted at"): waits,
        _("Last 90 days"): history,
        _("Ship-to region"): _region(facts),
        _("Ship to"): " · ".join(filter(None, (header["ship_to_name"], header["ship_to_phone"]))),
        _("Why it came to you"): facts.rule.text,
        _("Ship-to address"): header["ship_to_address"],
        _("Note"): header["note"],
    }


def _draw_buyer(facts: OrderFacts, tier: str) -> None:
    text_link(facts.buyer.name, record_path("partners", facts.buyer.code))
    Tag("span", _(" ({details})", details=tier))


def _credit(facts: OrderFacts) -> str:
    used = money_text(facts.credit_used_cents)
    limit = facts.buyer.credit_limit_cents
    if limit is None:
        return _("not limited, {used} used", used=used)
    return _("{limit}, {used} used", limit=money_text(limit), used=used)


def _draw_left(facts: OrderFacts) -> None:
    if facts.credit_left_cents is None:
        Tag("span", _("not limited"))
    else:
        money_amount(facts.credit_left_cents)


def _region(facts: OrderFacts) -> str:
    stated, own = facts.header["ship_to_region"], facts.buyer.region
    if not stated:
        return _("not stated")
    place = region_full_name(stated)
    if own is None:
        return place
    same = stated[:4] == own[:4]
    return _("{place}, the buyer's own city", place=place) if same else _("{place}, another city", place=place)


def _short(cents: int) -> str:
    return short_money_text(cents) if cents >= 10_000_00 else money_text(cents)


def _draw_lines(facts: OrderFacts) -> None:
    columns = [
        LineColumn("sku", _("SKU")),
        LineColumn("name", _("Product")),
        LineColumn("quantity", _("Quantity"), "right"),
        LineColumn("today", _("List price today"), "right"),
        LineColumn("price", _("Price ordered"), "right"),
        LineColumn("total", _("Amount"), "right"),
    ]
    rows = [_line(one) for one in facts.lines]
    foot = {"sku": _("Total"), "total": money_text(facts.order.total_cents)}
    with Tag("div", css="qd-lines qd-lines-decided"):
        line_table(columns, rows, caption=_("Lines of the order"), foot=foot, testid="lines")


def _line(facts: LineFacts) -> dict[str, str | Cell]:
    line = facts.line
    return {
        "sku": line.sku,
        "name": name_cell(line.sku, line.name),
        "quantity": quantity_text(line.quantity, line.unit, line.units),
        "today": price_text(facts.price_today) if facts.price_today is not None else "",
        "price": Cell(draw=partial(_draw_price, facts)) if facts.difference_ppm else price_text(line.unit_price),
        "total": money_text(line.total_cents),
    }


def _draw_price(facts: LineFacts) -> None:
    with Tag("span", css="qd-difference"):
        Tag("span", price_text(facts.line.unit_price))
        Tag("small", percent_text(facts.difference_ppm or 0))


def percent_text(ppm: int) -> str:
    """Return a difference as people read it, with its sign and one decimal, e.g. "−7.6%"."""
    tenths = (abs(ppm) + _PPM_PER_TENTH // 2) // _PPM_PER_TENTH
    sign = MINUS if ppm < 0 else "+"
    return f"{sign}{tenths // 10}.{tenths % 10}%"
