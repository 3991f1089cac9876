"""Business operations, by capability. Each function checks its permission first and never commits."""
