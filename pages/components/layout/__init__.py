"""Frames and parts of pages: shell, headers, panels, facts, timelines, trees, progress."""
