"""One query for grid, export and API: ``grid_query`` reads it, ``finding`` answers it, the others are its parts."""
