"""Form inputs, dialogs, file and photo uploads, and drafts that survive a lost connection."""
