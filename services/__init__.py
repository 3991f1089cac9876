"""What may happen: one module per capability. Each function asks for its permission first and never commits."""
