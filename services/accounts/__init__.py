"""Accounts of people and keys of programs: users, sign-in, second factor, sessions, links, own account, API keys.

Every attempt to sign in is counted in ``attempts`` before it is tried. ``administration`` is what others may do to an
account, ``own_account`` what its person may; ``denials`` words refusals so that they reveal nothing.
"""
