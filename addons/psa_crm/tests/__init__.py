from . import test_access
from . import test_client
from . import test_company_wall
from . import test_mail_domain
from . import test_performance
from . import test_portal_role
from . import test_sender
from . import test_views
