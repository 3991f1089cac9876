"""Demo data: a made-up brand to try the product with, which can be removed completely."""
