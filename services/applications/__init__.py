"""Onboarding: applications from the first text to the decision, invites, and under whom an applicant may stand.

``applicant`` is what who applies does, ``decisions`` what upstream and brand do, ``states`` the rules of its status.
"""
