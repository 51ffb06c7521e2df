from . import test_psa_app
