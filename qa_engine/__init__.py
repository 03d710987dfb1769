"""qa-engine: evidence-backed quality inspection of Chinese customer-service conversations."""

__version__ = "0.1.0"
