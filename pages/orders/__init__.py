"""The order form with its basket and paste box, and the record of one order."""
