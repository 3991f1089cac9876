"""Credit of partners, in whole cents."""
