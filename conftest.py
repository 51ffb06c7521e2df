"""Let core tests import an addon's pure core as `psa_cores.<addon>.<module>`, without Odoo."""
import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CORES = types.ModuleType("psa_cores")
CORES.__path__ = []
sys.modules["psa_cores"] = CORES
for core in sorted(Path(__file__).parent.glob("addons/*/core/__init__.py")):
    addon = core.parent.parent.name
    spec = importlib.util.spec_from_file_location(f"psa_cores.{addon}", core, submodule_search_locations=[str(core.parent)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    setattr(CORES, addon, module)

# A seeded sample by default, the whole proof with `./psa test --thorough`. Neither fails because the machine has other things to do.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("sample", derandomize=True, max_examples=100, **PATIENT)
settings.register_profile("thorough", max_examples=5000, **PATIENT)
settings.load_profile("thorough" if os.environ.get("PSA_THOROUGH") else "sample")


def pytest_collect_directory(path, parent):
    """Read an addon's folders as plain ones: as packages they would import Odoo for tests that need none."""
    addons = Path(__file__).parent / "addons"
    return pytest.Dir.from_parent(parent, path=path) if addons in path.parents else None
