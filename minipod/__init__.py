"""minipod: a whole pod inside one container."""
