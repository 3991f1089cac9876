"""Points on earth: datums, distances and grid cells, for one point (``points``) and many (``columns``)."""
