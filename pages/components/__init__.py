"""UI components: pages use these instead of raw ``ui.button`` or ``ui.card``."""
