from . import rating
from . import attachment
