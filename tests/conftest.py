"""Settings shared by all tests."""

from hypothesis import settings

# A law holds or does not; how long a machine takes to see it is no part of it.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
