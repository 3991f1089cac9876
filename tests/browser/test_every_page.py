"""Every page that there is, opened in a real browser: no barrier, no error of script or policy, no overflow.

Pages are found by introspection. Each is opened once and fitted into both sizes of window; languages and colours take
turns. Every page by every role in all eight looks, with pictures: in the campaign.
"""

import ast

import pytest

from core.permissions import Role
from tests.support.every_page import FURTHER, NO_PAGE, SPREAD_LOOKS, page_paths, routes_without_page, walk
from tests.support.source import dotted, modules

pytestmark = pytest.mark.timeout(900)  # many pages, each scanned
PARTS = 3  # so that no part alone is what everything else waits for
PAGES_MIN = 60
THIS = "tests/browser/test_every_page.py"
SCANNERS = {"faults", "violations"}
SCANNED_ELSEWHERE = {
    "test_no_part_has_a_violation_in_light_or_dark_large_or_small": "parts in states that no page of the brand is in",
    "test_what_opens_above_a_list_has_no_violation": "an open menu",
    "test_the_folded_navigation_has_no_violation": "folded navigation",
    "test_the_list_of_a_choice_has_no_violation": "an open list",
    "test_many_are_ticked_named_and_approved_with_a_result_for_each": "an open dialog",
    "test_lines_read_from_pasted_text_have_no_violation": "text that was pasted",
    "test_rows_that_change_show_both_values_before_anything_is_stored": "an opened tab of changes",
    "test_the_bell_counts_tells_leads_on_and_is_marked_as_read": "the open panel of notifications",
    "test_a_dead_line_is_said_and_what_was_tapped_meanwhile_is_never_done": "a notice while the line is dead",
    "test_a_measured_position_with_the_field_for_coordinates_keeps_nobody_out": "a position that was measured",
}
"""Test that scans → the state of a page to which no address leads; what an address leads to is scanned here."""


@pytest.mark.parametrize("part", range(PARTS), ids=lambda part: f"part {part + 1} of {PARTS}")
def test_no_page_keeps_anybody_out(browser, brand, part):
    paths = page_paths(brand, Role.ADMINISTRATOR)

    assert len(paths) >= PAGES_MIN
    assert walk(browser, brand, Role.ADMINISTRATOR, SPREAD_LOOKS, paths[part::PARTS]) == {}


def test_no_page_keeps_out_who_is_not_signed_in(browser, brand):
    assert walk(browser, brand, None, SPREAD_LOOKS, page_paths(brand, None)) == {}


@pytest.mark.parametrize("role", FURTHER, ids=str)
def test_what_other_roles_see_otherwise_keeps_nobody_out(browser, brand, role):
    paths = page_paths(brand, role, FURTHER[role])

    assert len(paths) == len(FURTHER[role])
    assert walk(browser, brand, role, SPREAD_LOOKS, paths) == {}


def test_every_route_shows_a_page_or_says_why_it_shows_none(brand):
    assert routes_without_page(brand) == set(NO_PAGE)


def test_other_tests_scan_only_what_no_address_leads_to():
    scanning = {
        function.name
        for module in modules()
        if module.stands_in("tests/browser/") and not module.stands_in(THIS)
        for function in module.nodes()
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
        if any(isinstance(node, ast.Call) and dotted(node.func) in SCANNERS for node in ast.walk(function))
    }

    assert scanning == set(SCANNED_ELSEWHERE)
