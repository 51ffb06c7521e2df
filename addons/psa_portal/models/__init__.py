from . import psa_ticket
from . import psa_ticket_own_fields
from . import psa_ticket_moves
from . import psa_ticket_staff
from . import res_partner
from . import psa_ticket_copies
