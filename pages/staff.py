"""The pages of staff that read resources, registered in the order that the addresses need."""

from fastapi import FastAPI

from pages import export_endpoint, search_endpoint
from pages.form import register_forms
from pages.jobs import register_jobs
from pages.listing import register_lists
from pages.record import register_records
from pages.start import register_start
from pages.trail import register_trail


def register_staff_pages(app: FastAPI) -> None:
    """Register every page of this kind and the export; last of all pages, as ``/RESOURCE/KEY`` takes any key."""
    app.include_router(export_endpoint.router)
    app.include_router(search_endpoint.router)
    register_start()
    register_lists()
    register_jobs()
    register_trail()
    register_forms()
    register_records()
