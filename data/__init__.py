"""Reference data that comes with the product, and the command that builds it."""
