"""Accounts of users and API keys: users, sign-in, second factor, sessions, links, own account, API keys.

Every attempt to sign in is counted in ``attempts`` before it is tried. ``administration`` is what others may do to an
account, ``own_account`` what users may do to their own; ``denials`` words refusals so that they reveal nothing.
"""
