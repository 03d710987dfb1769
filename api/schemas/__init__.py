"""What crosses HTTP, as pydantic models: one file a noun."""
