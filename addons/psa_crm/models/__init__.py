from . import psa_mail_domain
from . import res_partner
from . import res_users
