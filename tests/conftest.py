"""Settings shared by all tests."""

import os
import tempfile
from pathlib import Path

from hypothesis import settings

# A model that somebody promoted on this machine is no part of what the tests say.
os.environ["QA_ENGINE_MODELS"] = str(Path(__file__).parent / "no_models_here")

# Where programs keep locks and sockets; machines without a log-in session have no such place.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())

# A law holds or does not; how long a machine takes to see it is no part of it.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
