"""The inbox of orders to decide: facts beside the buttons, one decision at a time or many at once."""
