from . import psa_ticket
from . import psa_ticket_own_fields
from . import res_partner
