"""Pages of onboarding for upstream and brand: the inbox, one application with its facts and timeline, invites."""
