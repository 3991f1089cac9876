"""The inbox of what waits for a decision, of any subject: a list, the facts beside it, the decision always in view."""
