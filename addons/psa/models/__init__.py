from . import psa_demo_story
from . import psa_demo_referral
from . import psa_demo_relations
from . import psa_demo_entries
from . import psa_demo_service_levels
from . import psa_demo_ledger
from . import psa_demo_billing
