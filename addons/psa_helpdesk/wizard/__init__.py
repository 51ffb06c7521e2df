from . import psa_access_default
from . import psa_ticket_macro_run
from . import psa_ticket_entry_compose
from . import psa_ticket_resolve
from . import psa_company_profile
from . import psa_ticket_bulk_edit
