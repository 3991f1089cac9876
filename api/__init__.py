"""The versioned WEB API, for systems of warehouses, banks and shop platforms."""
