"""Tests of services.saving."""
