"""Conditions as text: read by ``parsing``, written by ``writing``, in English, in Chinese, or in names and codes."""
