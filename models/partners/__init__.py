"""Channel partners: the tree, its tiers, and how one becomes a partner or changes its upstream."""
