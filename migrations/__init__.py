"""Numbered changes of the database, each with one purpose. They import nothing of ours: models move on."""
