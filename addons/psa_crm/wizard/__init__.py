from . import portal_wizard_user
from . import psa_company_profile
from . import psa_service_company
from . import psa_staff_deactivate
from . import psa_team_invite
