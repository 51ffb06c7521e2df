from . import thread
from . import rating
from . import attachment
from . import export
from . import notification
