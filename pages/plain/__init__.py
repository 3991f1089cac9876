"""Small server-rendered pages: no socket, a few kilobytes, in the same look."""
