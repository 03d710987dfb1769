"""Learned models: texts in, probabilities out. They know nothing of quality inspection."""
