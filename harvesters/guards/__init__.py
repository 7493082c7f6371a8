"""Guards: what keeps a mistake of a source from being published."""
