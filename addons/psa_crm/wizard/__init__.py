from . import portal_wizard_user
from . import psa_sale_confirm
from . import psa_territory_check
