"""A made-up brand to try the product with: loaded in one transaction, cleared without a trace."""
