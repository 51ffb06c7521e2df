from . import portal_wizard_user
from . import psa_checklist_start
from . import psa_staff_deactivate
from . import psa_team_invite
from . import psa_sale_confirm
from . import psa_territory_check
from . import psa_document_version_add
from . import psa_access_explain
