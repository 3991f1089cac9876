"""Registers every page and the API, as ``app.py serve`` does: run by ``tests.support.in_process``."""

from nicegui import app

from api.application import add_api
from api.authentication import find_actor
from core.settings import settings
from pages.site import add_pages
from pages.web.policies import require_policies
from tests.support.small_product import run_pages

add_pages(app)
add_api(app, find_actor)
require_policies(app)
run_pages(settings().port)
