"""Jobs of users: owners, stop and retry, retention."""
