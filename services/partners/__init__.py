"""Channel partners: saved in any row order, placed in the tree, moved with their branch, changed in their upstream."""
