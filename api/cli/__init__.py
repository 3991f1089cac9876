"""Commands of the machine itself, by capability; ``app.py`` collects them. Each loads only what it needs."""
