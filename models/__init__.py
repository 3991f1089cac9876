"""What is stored and always true. Importing this package maps every table."""

from models import customers, partners, users

__all__ = ["customers", "partners", "users"]
