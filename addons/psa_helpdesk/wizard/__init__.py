from . import psa_access_default
