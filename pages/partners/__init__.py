"""Changes of upstream, and what a partner's record tells besides its fields."""
