from . import ir_rule
from . import psa_client_class
from . import psa_team
from . import psa_mail_domain
from . import res_users
from . import res_partner
from . import res_partner_portal
from . import res_partner_sender
