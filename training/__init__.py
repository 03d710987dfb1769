"""Training of the learned models: transcripts with labels in, an artifact with its card out."""
