from . import psa_sales_quota_report
