from . import psa_access_default
from . import psa_ticket_merge
from . import psa_ticket_split
from . import psa_ticket_entry_compose
from . import psa_ticket_resolve
from . import psa_company_profile
from . import psa_ticket_bulk_edit
from . import psa_problem_resolve
