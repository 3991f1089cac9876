"""The pages of reports and of staff behind the real door: for their tests, in this process."""

from fastapi import FastAPI

from pages.site import add_report_pages, add_staff_pages
from tests.support.small_product import serve_small_product


def add_reports_and_lists(app: FastAPI) -> None:
    add_report_pages(app)
    add_staff_pages(app)


serve_small_product(add_reports_and_lists)
