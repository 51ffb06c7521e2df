from . import test_access
from . import test_asset
from . import test_client_overview
from . import test_performance
from . import test_views
