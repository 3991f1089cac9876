"""Layout of pages: shell, headers, panels, facts, timelines, trees, progress."""
