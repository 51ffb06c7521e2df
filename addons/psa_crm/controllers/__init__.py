from . import signup
from . import invitation
