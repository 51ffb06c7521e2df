from . import portal_wizard_user
from . import psa_checklist_start
