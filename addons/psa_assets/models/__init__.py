from . import psa_asset_type
from . import psa_asset
from . import res_partner
from . import res_partner_move
