"""Approval of orders: the facts beside the decision, and the decision itself, once, by a second pair of eyes."""
