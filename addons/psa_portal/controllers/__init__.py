from . import portal
from . import people
