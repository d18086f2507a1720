"""Are the synthetic images any good, and are they copies? Measured against patients whom no generator saw."""
