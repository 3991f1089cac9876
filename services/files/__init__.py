"""Pictures and files that people hand in: kept while something names them, limited per day, removed when orphaned."""
