from . import psa_access_default
from . import psa_ticket_macro_run
