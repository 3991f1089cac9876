"""The door for people: pages in the browser. A page draws and listens; what may happen is decided in services."""
