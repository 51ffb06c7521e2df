from . import psa_ticket
from . import res_partner
from . import psa_ticket_copies
