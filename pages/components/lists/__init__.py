"""The grid of a list, its filters, and what the browser needs to know of them."""
