"""Sources of kind ``procedures``: the Digital Agency's survey of administrative procedures."""
