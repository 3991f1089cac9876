"""Uploaded pictures and files: storage, daily quotas, removal of orphans."""
