"""Requests and answers below the pages: identity, policies, guards, cookies, limits, errors, pictures."""
