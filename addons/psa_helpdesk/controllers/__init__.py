from . import thread
from . import attachment
from . import export
