"""What partners owe and may owe, in whole cents."""
