"""The neural model: a small pretrained encoder and a dialogue model, beside the baseline's judgement."""

from models.neural.predictor import NeuralPredictor, load_neural

__all__ = ["NeuralPredictor", "load_neural"]
