from . import signup
from . import invitation
from . import document
