from . import thread
from . import attachment
