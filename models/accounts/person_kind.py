"""The kind of fields that name a person by e-mail."""

from dataclasses import replace

from core.kinds.kind import Kind, Reference
from core.kinds.standard import LINE
from models.accounts.users import User

PERSON: Kind = replace(LINE, person=Reference("users", User.email, User.name))
"""An ``Actor.person``. Partners see the person's name instead, through every interface."""
