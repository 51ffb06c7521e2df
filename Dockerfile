# The official Odoo image and the suite's addons. The addons need no Python package beyond those of the image.
ARG ODOO_IMAGE=odoo:19.0
FROM ${ODOO_IMAGE}

LABEL org.opencontainers.image.title="PSA suite on Odoo" \
      org.opencontainers.image.licenses="LGPL-3.0-only"

# Not in /mnt/extra-addons: the base image declares it a volume, and an anonymous volume would keep old addons after an upgrade.
USER root
COPY --chown=root:root addons /opt/psa/addons
COPY --chown=root:root --chmod=0644 odoo.conf /etc/odoo/odoo.conf
COPY --chown=root:root --chmod=0755 deploy/odoo/entrypoint.sh /opt/psa/entrypoint.sh
COPY --chown=root:root --chmod=0644 deploy/odoo/probe.py deploy/odoo/first_settings.py deploy/odoo/build_pages.py /opt/psa/
RUN chmod -R a+rX,go-w /opt/psa/addons
USER odoo

ENV ODOO_RC=/run/odoo/odoo.conf
EXPOSE 8069 8072
ENTRYPOINT ["/opt/psa/entrypoint.sh"]
CMD ["web"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s --retries=4 CMD ["python3", "/opt/psa/probe.py", "web"]
