"""Kinds of values: how each is read, checked, stored, shown and put into a worksheet."""
