"""Reading the parts of an xlsx package without loading it whole: its sheets, its rows in slices, a smaller copy."""
