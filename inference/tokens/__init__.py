"""The band code: scores as steps that a model reads and writes."""
