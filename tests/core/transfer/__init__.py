"""Tests of tables in the neutral form."""
