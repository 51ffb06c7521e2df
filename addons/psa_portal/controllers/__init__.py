from . import portal
from . import own_fields
from . import moves
from . import staff
from . import people
from . import documents
from . import copies
from . import merged
