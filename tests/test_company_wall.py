"""The wall between service companies in one database, and between clients of one company: nothing leaks, in no way."""

import xmlrpc.client

import pytest
from companies import STAFF, found, populate
from crawl import Crawl, hidden_rows, stored_fields
from harness import refused

OURS, THEIRS, NEIGHBOUR = "alder", "kestrel", "osprey"

# What everybody of one database sees by nature. Each entry is as narrow as it can be and says why; an empty list is the aim.
COMMON = {}

# Kinds of rows that the others must have, or the crawl would prove nothing.
KINDS = {
    *("res.company", "res.users", "res.partner", "res.partner.category", "res.partner.bank", "psa.ticket", "psa.desk"),
    *("psa.queue", "psa.asset", "psa.contract", "psa.mail.domain", "psa.team", "psa.client.class", "psa.inbound.mail"),
    *("mail.message", "mail.followers", "mail.activity", "mail.notification", "mail.template", "mail.canned.response"),
    *("mail.alias", "ir.attachment", "ir.filters", "calendar.event", "calendar.attendee", "discuss.channel"),
    *(
        "discuss.channel.member",
        "account.analytic.line",
        "account.move",
        "account.payment",
        "account.tax",
        "product.product",
    ),
    *(
        "product.pricelist",
        "crm.lead",
        "crm.tag",
        "crm.team",
        "sale.order",
        "project.project",
        "project.task",
        "project.tags",
    ),
    *("hr.employee", "hr.department", "resource.calendar", "utm.source", "rating.rating", "mail.tracking.value"),
}


@pytest.fixture(scope="module")
def ours(server):
    """Our company, with data enough to stumble over theirs."""
    return populate(found(server, OURS), long_tail=False)


@pytest.fixture(scope="module")
def theirs(server):
    """The other company, with data of every kind there is."""
    return populate(found(server, THEIRS))


@pytest.fixture(scope="module")
def secrets(server, ours, theirs):
    """All that is theirs."""
    return hidden_rows(server, THEIRS, [theirs.ids["company"]], theirs.users.values())


@pytest.fixture(scope="module")
def fields(server, ours, theirs):
    """All there is to read."""
    return stored_fields(server)


def told(leaks):
    """Return leaks as the message of a failed test."""
    return f"{len(leaks)} leaks\n" + "\n".join(map(str, leaks))


class TestBetweenCompanies:
    """Staff of one service company and everything of another."""

    def test_there_is_something_to_hide_in_every_kind_of_data(self, secrets):
        assert not {kind for kind in KINDS if not secrets.of(kind)}
        assert len(secrets.rows) > 120

    @pytest.mark.parametrize("role", STAFF)
    def test_a_crawl_over_every_model_finds_nothing(self, server, ours, theirs, secrets, fields, role):
        if role not in ours.users:
            pytest.skip(f"no group for the role {role} is installed")
        crawl = Crawl(server, ours.login(role), secrets, COMMON)

        leaks = crawl.everything(fields, thorough=role in ("tech", "head"))

        assert not leaks, told(leaks)
        # What was not looked at cannot leak: the crawl saw our own of what it looked for of theirs.
        assert len(crawl.readable) > 100
        assert crawl.seen["res.partner"] > 5
        assert crawl.seen["res.users"] >= len(ours.users)
        if role != "rep":
            assert crawl.seen["psa.ticket"] > 0

    def test_the_crawl_finds_a_rule_that_was_switched_off(self, server, ours, secrets, fields):
        admin = server.xmlrpc()
        rule_id = admin.ref("psa_crm.rule_calendar_event_wall")
        admin.write("ir.rule", rule_id, {"active": False})
        try:
            crawl = Crawl(server, ours.login("tech"), secrets)
            crawl.model("calendar.event", fields["calendar.event"])
        finally:
            admin.write("ir.rule", rule_id, {"active": True})

        assert {"search", "read of name", "name_search"} <= {leak.way for leak in crawl.leaks}, told(crawl.leaks)

    def test_the_crawl_finds_one_word_in_a_row_that_everybody_sees(self, server, ours, secrets, fields):
        admin = server.xmlrpc()
        tag_id = admin.create("res.partner.category", {"name": f"Friend of {THEIRS.title()}"})
        try:
            crawl = Crawl(server, ours.login("tech"), secrets)
            crawl.model("res.partner.category", fields["res.partner.category"])
        finally:
            admin.call("res.partner.category", "unlink", [tag_id])

        assert "read of name" in {leak.way for leak in crawl.leaks}, told(crawl.leaks)

    @pytest.mark.parametrize("role", ["tech", "head"])
    def test_no_page_of_the_web_client_tells_of_them(self, server, ours, theirs, secrets, role):
        leaks = _pages(server, ours.login(role), theirs, secrets)

        assert not leaks, told(leaks)

    @pytest.mark.parametrize("role", ["tech", "head"])
    def test_suggestions_do_not_offer_their_people(self, ours, secrets, role):
        rpc = ours.rpc(role)
        answers = {
            "mention": rpc.call("res.partner", "get_mention_suggestions", THEIRS),
            "invite": ours.server.web(ours.login(role)).call_kw("res.partner", "search_for_channel_invite", THEIRS),
            "users": rpc.call("res.users", "name_search", THEIRS),
            "partners": rpc.call("res.partner", "web_name_search", THEIRS, {"display_name": {}, "email": {}}),
            "employees": rpc.call("hr.employee.public", "name_search", THEIRS),
        }

        assert not {name: answer for name, answer in answers.items() if answer in secrets}

    def test_nobody_writes_into_their_company(self, ours, theirs):
        owner = ours.rpc("owner")
        for model, vals in {
            "res.partner": {"name": "Mole", "company_id": theirs.ids["company"]},
            "psa.queue": {"name": "Mole", "company_id": theirs.ids["company"]},
            "psa.client.class": {"name": "Mole", "company_id": theirs.ids["company"]},
        }.items():
            with refused():
                owner.create(model, vals)

    def test_a_new_colleague_joins_the_talk_of_his_own_company_only(self, server, ours, theirs):
        general = server.xmlrpc().ref("mail.channel_all_employees")
        members = server.query(
            "SELECT u.login FROM discuss_channel_member m JOIN res_users u USING (partner_id) WHERE m.channel_id = %s",
            [general],
        )

        assert not [login for (login,) in members if OURS in login or THEIRS in login]


class TestBetweenClients:
    """Portal users of one client and everything of another client of the same service company."""

    @pytest.fixture(scope="class")
    def neighbour(self, server, ours):
        """Another client of our company, with what clients have."""
        owner, tech, head = ours.rpc("owner"), ours.rpc("tech"), ours.rpc("head")
        name = NEIGHBOUR.title()
        client = owner.create(
            "res.partner",
            {
                "name": f"{name} Bank",
                "is_company": True,
                "psa_is_client": True,
                "psa_client_status": "active",
                "company_id": ours.ids["company"],
                "email": f"office@{NEIGHBOUR}.example",
                "street": f"{name} Street",
            },
        )
        contact = owner.create(
            "res.partner", {"name": f"Ann {name}", "email": f"ann@{NEIGHBOUR}.example", "parent_id": client}
        )
        ticket = tech.create(
            "psa.ticket",
            {"name": f"{name} vault", "desk_id": ours.ids["desk"], "partner_id": contact, "description": name},
        )
        for model, record in (("psa.ticket", ticket), ("res.partner", client)):
            tech.call(
                model,
                "message_post",
                [record],
                body=f"Dear {name}",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
            tech.create("ir.attachment", {"name": f"{name}.txt", "res_model": model, "res_id": record, "raw": name})
        invoice = head.create(
            "account.move",
            {
                "move_type": "out_invoice",
                "partner_id": client,
                "ref": name,
                "invoice_line_ids": [(0, 0, {"name": f"Work for {name}", "price_unit": 5})],
            },
        )
        head.button("account.move", invoice, "action_post")
        order = head.create("sale.order", {"partner_id": client, "note": name})
        event = tech.create(
            "calendar.event",
            {
                "name": f"Visit {name}",
                "start": "2030-01-01 10:00:00",
                "stop": "2030-01-01 11:00:00",
                "partner_ids": [(6, 0, [contact])],
            },
        )
        portal_login(server, ours, contact, "administrator")
        return {
            "client": client,
            "contact": contact,
            "ticket": ticket,
            "invoice": invoice,
            "order": order,
            "event": event,
        }

    @pytest.fixture(scope="class")
    def forbidden(self, server, ours, theirs, neighbour):
        """What is of the other client, and of the other company."""
        return hidden_rows(server, NEIGHBOUR) | hidden_rows(
            server, THEIRS, [theirs.ids["company"]], theirs.users.values()
        )

    @pytest.mark.parametrize("role", ["employee", "administrator"])
    def test_a_crawl_over_every_model_finds_nothing(self, server, ours, neighbour, forbidden, fields, role):
        contact = ours.rpc("owner").create(
            "res.partner",
            {"name": f"Zoe {role}", "email": f"{role}@{OURS}-dental.example", "parent_id": ours.ids["client"]},
        )
        login = portal_login(server, ours, contact, role)
        crawl = Crawl(server, login, forbidden, COMMON)

        leaks = crawl.everything(fields)

        assert not leaks, told(leaks)
        assert crawl.seen["res.partner"] > 0

    def test_the_crawl_finds_a_message_to_the_wrong_client(self, server, ours, neighbour, forbidden, fields):
        login = f"administrator@{OURS}-dental.example"
        ours.rpc("tech").call(
            "psa.ticket",
            "message_post",
            [ours.ids["ticket"]],
            body=f"As {NEIGHBOUR.title()} said",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        crawl = Crawl(server, login, forbidden)
        crawl.model("mail.message", fields["mail.message"])

        assert "read of body" in {leak.way for leak in crawl.leaks}, told(crawl.leaks)


class TestLent:
    """What the other company lends to ours is the one hole in the wall, for as long as it is lent."""

    def test_a_client_lent_to_us_is_seen_with_its_tickets_until_it_is_called_back(self, server, ours, theirs, secrets):
        tech, client, ticket = ours.rpc("tech"), theirs.ids["client"], theirs.ids["ticket"]

        def seen():
            return tech.search("res.partner", [("id", "=", client)]), tech.search("psa.ticket", [("id", "=", ticket)])

        assert seen() == ([], [])
        # They do not see our company, neither to choose it nor by its id; we give them its code.
        with pytest.raises(xmlrpc.client.Fault, match="no receiver"):
            theirs.rpc("owner").create("psa.client.share", {"client_id": client, "to_company_id": ours.ids["company"]})
        owner = ours.rpc("owner")
        code = owner.read("res.users", owner.uid, "psa_company_share_code")["psa_company_share_code"]
        share = theirs.rpc("owner").create(
            "psa.client.share", {"client_id": client, "target": "company", "receiver_code": code, "level": "work"}
        )
        assert seen() == ([], [])
        ours.rpc("owner").button("psa.client.share", share, "action_accept")

        assert seen() == ([client], [ticket])
        assert tech.read("psa.ticket", ticket, "name")["name"] in secrets
        talk = tech.search("mail.message", [("model", "=", "psa.ticket"), ("res_id", "=", ticket)])
        assert talk
        # Not a step further than what was lent.
        assert not tech.search("res.partner", [("id", "=", theirs.ids["neighbour"])])
        assert not ours.rpc("owner").search("psa.contract", [("client_id", "=", client)])
        assert not tech.search("res.users", [("login", "like", THEIRS)])

        theirs.rpc("owner").button("psa.client.share", share, "action_revoke")

        assert seen() == ([], [])
        assert not tech.search("mail.message", [("id", "in", talk)])
        with refused():
            tech.read("psa.ticket", ticket, "name")


def portal_login(server, company, contact_id, role):
    """Give a contact a portal role and a password equal to his login; return it."""
    company.rpc("owner").write("res.partner", contact_id, {"psa_portal_role": role})
    admin = server.xmlrpc()
    (user,) = admin.find("res.users", [("partner_id", "=", contact_id)], "login")
    admin.write("res.users", user["id"], {"password": user["login"]})
    return user["login"]


def _pages(server, login, theirs, secrets):
    """Ask for what the web client asks for besides the models; return what tells of them."""
    web = server.web(login)
    leaks = []

    def look(what, answer):
        # A refusal may name what was asked for, not what is in it.
        if answer.text in secrets:
            where = answer.text.lower().index(secrets.words[0])
            leaks.append(f"{what}: …{answer.text[max(0, where - 80) : where + 40]}")

    def post(path, **params):
        look(
            f"{path} {params}",
            web.http.post(f"{server.url}{path}", json={"jsonrpc": "2.0", "params": params}, timeout=120),
        )

    partner_ids = [
        row[0] for row in server.query("SELECT partner_id FROM res_users WHERE login LIKE %s", [f"%.{THEIRS}"])
    ]
    for model in (
        "psa.ticket",
        "res.partner",
        "calendar.event",
        "discuss.channel",
        "crm.lead",
        "project.task",
        "account.move",
        "hr.employee",
    ):
        for record_id in sorted(secrets.of(model))[:3]:
            post("/mail/thread/messages", thread_model=model, thread_id=record_id)
            post("/mail/thread/recipients", thread_model=model, thread_id=record_id)
            post(
                "/mail/data",
                fetch_params=[
                    [
                        "mail.thread",
                        {
                            "thread_model": model,
                            "thread_id": record_id,
                            "request_list": ["followers", "activities", "attachments"],
                        },
                    ]
                ],
            )
    post(
        "/mail/data",
        fetch_params=[
            "init_messaging",
            "failures",
            "systray_get_activities",
            "channels_as_member",
            "mail.canned.response",
            "avatar_card",
        ],
    )
    for box in ("inbox", "history", "starred"):
        post(f"/mail/{box}/messages")
    for channel_id in sorted(secrets.of("discuss.channel")):
        post("/discuss/channel/messages", channel_id=channel_id)
        post("/discuss/channel/members", channel_id=channel_id, known_member_ids=[])
    for employee_id in sorted(secrets.of("hr.employee"))[:2]:
        post("/hr/get_org_chart", employee_id=employee_id, context={})
    for partner_id in partner_ids:
        post(
            "/mail/data",
            fetch_params=[["avatar_card", {"partner_id": partner_id}], ["avatar_card", {"user_id": partner_id}]],
        )
    channels = [f"discuss.channel_{channel_id}" for channel_id in secrets.of("discuss.channel")]
    channels += [f"odoo-presence-res.partner_{partner_id}" for partner_id in partner_ids]
    channels += [f"res.partner_{partner_id}" for partner_id in partner_ids]
    post("/websocket/peek_notifications", channels=channels, last=0, is_first_poll=True)
    for attachment_id in sorted(secrets.of("ir.attachment")):
        look(f"/web/content/{attachment_id}", web.get(f"/web/content/{attachment_id}"))
    for invoice_id in sorted(secrets.of("account.move"))[:2]:
        look("the invoice", web.get(f"/report/html/account.report_invoice/{invoice_id}"))
        look("the invoice on the portal", web.get(f"/my/invoices/{invoice_id}"))
    placeholder = web.get("/web/image/res.partner/999999999/avatar_128").content
    for model, ids in (
        ("res.partner", sorted(secrets.of("res.partner"))),
        ("res.users", sorted(secrets.of("res.users"))),
    ):
        leaks += [
            f"the picture of {model} {record_id}"
            for record_id in ids
            if web.get(f"/web/image/{model}/{record_id}/avatar_128").content != placeholder
        ]
    return leaks
