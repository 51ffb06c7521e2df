from . import psa_ticket
from . import res_partner
