from . import portal
from . import moves
from . import people
from . import documents
