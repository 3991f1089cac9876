"""The world out: the only room that talks to other machines. It knows nothing of ours but ``core``."""
