"""Text as the engine sees it: normalised once, with the way back to the original."""
