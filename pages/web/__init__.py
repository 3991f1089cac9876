"""HTTP layer below the pages: identity, policies, guards, cookies, limits, errors, pictures."""
