"""The kind of a field that says which person did something, by e-mail."""

from dataclasses import replace

from core.kinds.kind import Kind, Reference
from core.kinds.standard import NAME
from models.accounts.users import User

PERSON: Kind = replace(NAME, person=Reference("users", User.email, User.name))
"""An ``Actor.person``. Partners read the person's name in its place, through every entry point."""
