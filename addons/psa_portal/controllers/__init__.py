from . import portal
from . import people
from . import documents
from . import merged
