"""Sources of kind ``register``: the register of the city's procedures."""
