from . import psa_asset_type
from . import psa_asset
from . import psa_asset_access
from . import res_partner
