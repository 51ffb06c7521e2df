from . import test_access
from . import test_announcement
from . import test_configuration
from . import test_mail_intake
from . import test_performance
from . import test_ticket
from . import test_views
from . import test_access_by_rules
