"""Web pages. A page draws and handles events; rules and rights are enforced in services."""
