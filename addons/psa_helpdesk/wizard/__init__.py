from . import psa_access_default
from . import psa_desk_field_retire
