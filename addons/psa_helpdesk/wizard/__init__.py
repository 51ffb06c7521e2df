from . import psa_access_default
from . import psa_ticket_entry_compose
from . import psa_ticket_resolve
from . import psa_company_profile
from . import psa_ticket_bulk_edit
from . import psa_desk_field_retire
from . import psa_desk_compare
from . import psa_desk_compare_line
