"""Programs in: the versioned WEB API for warehouses, banks and shop platforms."""
