"""Users, departments, sessions, sign-in links and API keys."""
