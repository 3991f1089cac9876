"""Components: pages are drawn with these, not with raw ``ui.button`` or ``ui.card``."""
