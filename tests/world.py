"""A small service business for one test file: an owner, a technician, a desk with a mail address, a client."""

from dataclasses import dataclass, field

from harness import MAIL_DOMAIN, Server, header_of, mail


@dataclass
class World:
    """What :func:`build` made. Every file has its own, so that files can run in any order and side by side."""

    server: Server
    slug: str
    ids: dict = field(default_factory=dict)

    @property
    def owner(self):
        """The owner of the service business, on XML-RPC."""
        return self.server.xmlrpc(f"owner.{self.slug}")

    @property
    def tech(self):
        """The technician, on XML-RPC."""
        return self.server.xmlrpc(f"tech.{self.slug}")

    @property
    def desk_address(self):
        """The mail address of the desk."""
        return f"{self.slug}@{MAIL_DOMAIN}"

    @property
    def client_domain(self):
        """The mail domain of the client."""
        return f"{self.slug}-dental.example"

    def client_address(self, local):
        """Return the address of somebody at the client."""
        return f"{local}@{self.client_domain}"

    def mail(self, name, **headers):
        """Return a fixture mail as this client would send it to this desk."""
        raw = mail(name, **headers)
        raw = raw.replace(b"harbour-dental.example", self.client_domain.encode())
        return raw.replace(f"support@{MAIL_DOMAIN}".encode(), self.desk_address.encode())

    def send(self, name, check=True, **headers):
        """Deliver a fixture mail; return its message id."""
        raw = self.mail(name, **headers)
        self.server.deliver(raw, check=check)
        return header_of(raw, "Message-ID")

    def sent_since(self, count):
        """Return the mails that went out after the first ``count``, the scheduled ones too."""
        self.server.settle()
        return self.server.sink.received[count:]

    def whereabouts(self, message_id):
        """Return where a mail is to be seen: a list of ("psa.ticket" or "psa.inbound.mail", id)."""
        admin = self.server.xmlrpc()
        places = [
            (row["model"], row["res_id"])
            for row in admin.find("mail.message", [("message_id", "=", message_id)], "model", "res_id")
        ]
        places += [
            ("psa.inbound.mail", inbound_id)
            for inbound_id in admin.search("psa.inbound.mail", [("message_id", "=", message_id)])
        ]
        return places

    def ticket_of(self, message_id):
        """Return the ticket that a mail became or joined, read by the technician."""
        (place,) = self.whereabouts(message_id)
        assert place[0] == "psa.ticket", f"{message_id} ended as {place}"
        return self.read_ticket(place[1])

    def read_ticket(self, ticket_id):
        """Return a ticket as the technician sees it."""
        return self.tech.read(
            "psa.ticket",
            ticket_id,
            *("name", "number", "desk_id", "queue_id", "user_id", "partner_id", "client_id", "company_id", "stage_id"),
            *("state", "source", "email_from", "description", "access_url"),
        )

    def answer(self, ticket_id, body, subtype="mail.mt_comment"):
        """Write on a ticket as the technician, as the chatter does."""
        return self.tech.call(
            "psa.ticket", "message_post", [ticket_id], body=body, message_type="comment", subtype_xmlid=subtype
        )

    def messages_of(self, ticket_id):
        """Return what was said on a ticket, oldest first."""
        return self.tech.find(
            "mail.message",
            [("model", "=", "psa.ticket"), ("res_id", "=", ticket_id), ("message_type", "!=", "notification")],
            *("body", "author_id", "email_from", "message_type", "message_id", "attachment_ids", "subtype_id"),
            order="id",
        )

    def new_contact(self, name, local, **vals):
        """Create a contact person of the client, as the owner."""
        return self.owner.create(
            "res.partner",
            {"name": name, "email": self.client_address(local), "parent_id": self.ids["client"], **vals},
        )

    def portal_user(self, contact_id, role):
        """Give a contact a portal role and a password equal to his address; return his login."""
        self.owner.write("res.partner", contact_id, {"psa_portal_role": role})
        admin = self.server.xmlrpc()
        (user,) = admin.find("res.users", [("partner_id", "=", contact_id)], "login")
        admin.write("res.users", user["id"], {"password": user["login"]})
        return user["login"]


def build(server, slug):
    """Build a world through XML-RPC: staff as the administrator, all the rest as the owner himself."""
    world = World(server, slug)
    ids = world.ids
    ids["owner_user"] = server.new_user(f"owner.{slug}", "psa_crm.group_company_admin")
    ids["tech_user"] = server.new_user(f"tech.{slug}", "psa_crm.group_technician")
    owner = world.owner
    ids["client"] = owner.create(
        "res.partner",
        {
            "name": f"Harbour Dental Group {slug.title()}",
            "is_company": True,
            "psa_is_client": True,
            "psa_client_status": "active",
            "email": f"office@{world.client_domain}",
            "street": "1 Quay Street",
            "city": "Bristol",
        },
    )
    owner.create("psa.mail.domain", {"name": world.client_domain, "partner_id": ids["client"]})
    ids["grace"] = world.new_contact("Grace Okafor", "grace.okafor")
    ids["queue"] = owner.create("psa.queue", {"name": f"First Line {slug}", "member_ids": [(4, ids["tech_user"])]})
    ids["desk"] = owner.create(
        "psa.desk",
        {
            "name": f"Support {slug}",
            "code": slug.upper(),
            "alias_name": slug,
            "queue_ids": [(4, ids["queue"])],
            "default_queue_id": ids["queue"],
            "member_ids": [(4, ids["tech_user"])],
        },
    )
    return world
