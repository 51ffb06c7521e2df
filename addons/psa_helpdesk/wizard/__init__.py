from . import psa_access_default
from . import psa_problem_resolve
from . import psa_ticket_merge
from . import psa_ticket_split
