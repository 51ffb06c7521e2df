from . import psa_access_default
from . import psa_desk_field_retire
from . import psa_desk_compare
from . import psa_desk_compare_line
from . import psa_ticket_bulk_edit
