"""Training of the neural model: base encoder, student, dialogue model, export. Needs the train extra."""
