from . import test_portal_access
from . import test_portal_conversation
from . import test_portal_list
from . import test_portal_new_ticket
from . import test_portal_people
from . import test_portal_documents
from . import test_portal_search
