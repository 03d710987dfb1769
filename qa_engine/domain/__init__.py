"""The nouns of quality inspection. Frozen, typed, and free of every other package of ours."""
