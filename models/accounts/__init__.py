"""People who sign in: users, departments, sessions, sign-in links and API keys."""
