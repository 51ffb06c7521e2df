from . import portal
from . import documents
