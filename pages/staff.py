"""The pages of staff that read resources, registered in the order that the addresses need."""

from fastapi import FastAPI

from pages.events import register_trail
from pages.jobs import register_jobs
from pages.people.invite import register_users
from pages.people.leaving import register_leaving
from pages.people.organisation import register_organisation
from pages.resources import export_endpoint, search_endpoint
from pages.resources.form import register_forms
from pages.resources.listing import register_lists
from pages.resources.record import register_records
from pages.start import register_start
from pages.tokens import register_tokens


def register_staff_pages(app: FastAPI) -> None:
    """Register every page of this kind and the export; last of all pages, as ``/RESOURCE/KEY`` takes any key."""
    app.include_router(export_endpoint.router)
    app.include_router(search_endpoint.router)
    register_start()
    register_lists()
    register_jobs()
    register_trail()
    register_tokens()
    register_users()
    register_leaving()
    register_organisation()
    register_forms()
    register_records()
