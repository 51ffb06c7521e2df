from . import portal_wizard_user
from . import psa_access_default
from . import psa_access_explain
