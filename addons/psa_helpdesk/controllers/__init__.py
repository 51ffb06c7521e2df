from . import attachment
from . import export
