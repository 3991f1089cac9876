"""The data grid and filter bar of lists, and their configuration for the browser."""
