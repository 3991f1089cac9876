"""Registering and moving a store where it stands, its record, the review inbox and the map."""
