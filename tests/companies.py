"""Service companies side by side in one database, each with all its staff and data of every kind, for the tests of the wall."""

import base64
import contextlib
import xmlrpc.client
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from harness import Server

# Who works for a service company. The last one is no role of ours but the worst case: somebody who runs every app of
# Odoo in his company without being an administrator of the system.
STAFF = {
    "tech": ["psa_crm.group_technician"],
    "dispatch": ["psa_crm.group_dispatcher"],
    "billing": ["psa_crm.group_billing"],
    "admin": ["psa_crm.group_company_admin"],
    "owner": ["psa_crm.group_owner"],
    "rep": ["psa_crm.group_outside_rep"],
    "head": [
        *("psa_crm.group_owner", "sales_team.group_sale_manager", "project.group_project_manager"),
        *("account.group_account_manager", "hr.group_hr_manager", "hr_timesheet.group_timesheet_manager"),
        *("mail.group_mail_template_editor", "mail.group_mail_canned_response_admin", "product.group_product_manager"),
        *("base.group_partner_manager", "base.group_allow_export"),
    ],
}
TODAY = date.today()


@dataclass
class Company:
    """One service company; :func:`found` makes it. All its texts carry its ``word``."""

    server: Server
    word: str
    ids: dict = field(default_factory=dict)
    users: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)

    def login(self, role):
        """Return the login of a member of staff."""
        return f"{role}.{self.word}"

    def rpc(self, role):
        """Return a member of staff on XML-RPC."""
        return self.server.xmlrpc(self.login(role))

    def text(self, of_what):
        """Return a name or sentence that carries the word."""
        return f"{of_what} {self.word.title()}"


def found(server, word, with_accounts=True):
    """Found a service company with its staff; return it."""
    admin = server.xmlrpc()
    company = Company(server, word)
    company.ids["company"] = admin.create(
        "res.company",
        {"name": company.text("Company"), "email": f"office@{word}.example", "street": company.text("Quay")},
    )
    if with_accounts:
        # Answers nothing, which XML-RPC of old cannot carry.
        with contextlib.suppress(xmlrpc.client.Fault):
            admin.call("account.chart.template", "try_loading", [], "generic_coa", company.ids["company"])
    known = {
        f"{row['module']}.{row['name']}"
        for row in admin.find("ir.model.data", [("model", "=", "res.groups")], "module", "name")
    }
    for role, wanted in STAFF.items():
        # Groups come with apps; which of them are here is a matter of the day.
        groups = [group for group in wanted if group in known]
        if groups:
            company.users[role] = server.new_user(
                company.login(role),
                *groups,
                company_id=company.ids["company"],
                company_ids=[(6, 0, [company.ids["company"]])],
                signature=f"<p>{company.text('Regards')}</p>",
            )
    return company


def populate(company, long_tail=True):
    """Give a company data of every kind, each made by who makes it in daily work."""
    _clients(company)
    _tickets(company)
    _talk(company)
    _money(company)
    _people(company)
    if long_tail:
        _long_tail(company)
    return company


def _make(company, key, role, model, vals, **context):
    """Create a record when the model is there and the role may; say in ``refused`` when not."""
    try:
        company.ids[key] = company.rpc(role).create(model, vals, **context)
    except (xmlrpc.client.Fault, KeyError) as error:
        company.refused[key] = str(error).strip().splitlines()[-1][:200]
        return None
    return company.ids[key]


def _clients(company):
    text, word = company.text, company.word
    owner = company.rpc("owner")
    company.ids["partner_tag"] = owner.create("res.partner.category", {"name": text("Tag")})
    for key in ("client", "neighbour"):
        company.ids[key] = owner.create(
            "res.partner",
            {
                "name": text(f"Dental {key}"),
                "is_company": True,
                "psa_is_client": True,
                "psa_client_status": "active",
                "company_id": company.ids["company"],
                "email": f"{key}@{word}-dental.example",
                "street": text("Street"),
                "vat": "",
                "comment": text("Note"),
                "category_id": [(6, 0, [company.ids["partner_tag"]])],
                "image_1920": base64.b64encode(_PIXEL).decode(),
            },
        )
    company.ids["contact"] = owner.create(
        "res.partner",
        {
            "name": text("Grace"),
            "email": f"grace@{word}-dental.example",
            "parent_id": company.ids["client"],
            "company_id": company.ids["company"],
            "function": text("Manager"),
        },
    )
    _make(
        company,
        "mail_domain",
        "owner",
        "psa.mail.domain",
        {"name": f"{word}-dental.example", "partner_id": company.ids["client"]},
    )
    _make(company, "client_class", "owner", "psa.client.class", {"name": text("Class")})
    _make(
        company,
        "team",
        "owner",
        "psa.team",
        {"name": text("Team"), "leader_id": company.users["owner"], "member_ids": [(6, 0, [company.users["tech"]])]},
    )
    _make(
        company,
        "bank_account",
        "head",
        "res.partner.bank",
        {"acc_number": text("BE0012"), "partner_id": company.ids["client"]},
    )
    _make(company, "asset", "tech", "psa.asset", {"name": text("Server"), "client_id": company.ids["client"]})
    if "asset" not in company.ids:
        _make(company, "asset", "tech", "psa.asset", {"name": text("Server"), "partner_id": company.ids["client"]})


def _tickets(company):
    text = company.text
    owner, tech = company.rpc("owner"), company.rpc("tech")
    ids = company.ids
    ids["queue"] = owner.create("psa.queue", {"name": text("Queue"), "member_ids": [(4, company.users["tech"])]})
    ids["stage"] = owner.create("psa.ticket.stage", {"name": text("Stage"), "company_id": ids["company"]})
    ids["tag"] = owner.create("psa.ticket.tag", {"name": text("Tag")})
    ids["option"] = owner.create(
        "psa.ticket.option", {"name": text("Option"), "attribute": "category", "company_id": ids["company"]}
    )
    ids["desk"] = owner.create(
        "psa.desk",
        {
            "name": text("Support"),
            "code": company.word[:6].upper(),
            "alias_name": f"desk-{company.word}",
            "queue_ids": [(4, ids["queue"])],
            "default_queue_id": ids["queue"],
            "member_ids": [(4, company.users["tech"])],
            "properties_definition": [{"name": "aa", "string": text("Field"), "type": "char"}],
        },
    )
    ids["ticket"] = tech.create(
        "psa.ticket",
        {
            "name": text("Printer"),
            "description": f"<p>{text('It smokes')}</p>",
            "desk_id": ids["desk"],
            "partner_id": ids["contact"],
            "tag_ids": [(6, 0, [ids["tag"]])],
            "user_id": company.users["tech"],
            "ticket_properties": [{"name": "aa", "string": text("Field"), "type": "char", "value": text("Value")}],
        }
        if "ticket_properties" in owner.call("psa.ticket", "fields_get", ["ticket_properties"])
        else {
            "name": text("Printer"),
            "description": f"<p>{text('It smokes')}</p>",
            "desk_id": ids["desk"],
            "partner_id": ids["contact"],
            "tag_ids": [(6, 0, [ids["tag"]])],
            "user_id": company.users["tech"],
            "properties": {"aa": text("Value")},
        },
    )


def _talk(company):
    text, ids, word = company.text, company.ids, company.word
    tech, owner, head = company.rpc("tech"), company.rpc("owner"), company.rpc("head")
    file = {"datas": base64.b64encode(f"{text('Secret')} file".encode()).decode(), "mimetype": "text/plain"}
    for model, key in (("psa.ticket", "ticket"), ("res.partner", "client")):
        tech.call(
            model,
            "message_post",
            [ids[key]],
            body=text("Answer"),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=[ids["contact"]],
        )
        tech.call(
            model,
            "message_post",
            [ids[key]],
            body=text("Internal"),
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        tech.call(model, "message_subscribe", [ids[key]], [ids["contact"]])
        ids[f"{key}_file"] = tech.create(
            "ir.attachment", {"name": text("File") + ".txt", "res_model": model, "res_id": ids[key], **file}
        )
        (model_id,) = company.server.xmlrpc().search("ir.model", [("model", "=", model)])
        _make(
            company,
            f"{key}_activity",
            "tech",
            "mail.activity",
            {
                "summary": text("Call"),
                "note": text("Ask"),
                "res_model_id": model_id,
                "res_id": ids[key],
                "user_id": company.users["tech"],
                "activity_type_id": 4,
            },
        )
    owner.write("res.partner", ids["client"], {"phone": f"+32 {word}"})
    ids["loose_file"] = tech.create("ir.attachment", {"name": text("Loose") + ".txt", **file})
    start = datetime.now().replace(microsecond=0)
    _make(company, "event_tag", "head", "calendar.event.type", {"name": text("Category")})
    _make(
        company,
        "alarm",
        "head",
        "calendar.alarm",
        {"name": text("Alarm"), "alarm_type": "notification", "duration": 9, "interval": "minutes"},
    )
    _make(
        company,
        "event",
        "tech",
        "calendar.event",
        {
            "name": text("Visit"),
            "description": text("On site"),
            "location": text("Quay"),
            "start": str(start + timedelta(days=1)),
            "stop": str(start + timedelta(days=1, hours=1)),
            "partner_ids": [(6, 0, [ids["client"], tech.read("res.users", tech.uid, "partner_id")["partner_id"]])],
            "alarm_ids": [(6, 0, [ids["alarm"]] if "alarm" in ids else [])],
            "categ_ids": [(6, 0, [ids["event_tag"]] if "event_tag" in ids else [])],
        },
    )
    _make(
        company,
        "channel",
        "head",
        "discuss.channel",
        {"name": text("Channel"), "description": text("Talk"), "channel_type": "channel"},
    )
    _make(company, "group_chat", "tech", "discuss.channel", {"name": text("Group"), "channel_type": "group"})
    for key in ("channel", "group_chat"):
        if key in ids:
            with contextlib.suppress(xmlrpc.client.Fault):
                head.call("discuss.channel", "message_post", [ids[key]], body=text("Said"), message_type="comment")
    (partner_model,) = company.server.xmlrpc().search("ir.model", [("model", "=", "res.partner")])
    _make(
        company,
        "template",
        "head",
        "mail.template",
        {"name": text("Template"), "model_id": partner_model, "subject": text("Subject"), "body_html": text("Body")},
    )
    _make(
        company,
        "canned",
        "head",
        "mail.canned.response",
        {
            "source": f"{word}",
            "substitution": text("Canned"),
            "group_ids": [(6, 0, [company.server.xmlrpc().ref("base.group_user")])],
        },
    )
    _make(
        company,
        "filter",
        "owner",
        "ir.filters",
        {"name": text("Filter"), "model_id": "res.partner", "domain": f"[('name', '=', '{word}')]"},
    )
    _make(
        company,
        "export",
        "owner",
        "ir.exports",
        {"name": text("Export"), "resource": "res.partner", "export_fields": [(0, 0, {"name": f"name/{word}"})]},
    )
    _make(company, "blacklist", "head", "mail.blacklist", {"email": f"blocked@{word}.example"})
    # Mail that came from outside, to the desk, and one that became no ticket.
    company.server.deliver(
        f"From: Stranger <stranger@{word}-else.example>\nTo: desk-{word}@brightwater.example\nSubject: {text('Mail')}\n"
        f"Message-ID: <one@{word}>\n\n{text('Help')}\n".encode(),
        check=False,
    )
    company.server.deliver(
        f"From: grace@{word}-dental.example\nTo: desk-{word}@brightwater.example\nSubject: Out of office {text('Mail')}\n"
        f"Auto-Submitted: auto-replied\nMessage-ID: <two@{word}>\n\n{text('Away')}\n".encode(),
        check=False,
    )


def _money(company):
    text, ids = company.text, company.ids
    head, owner = company.rpc("head"), company.rpc("owner")
    _make(company, "role", "owner", "psa.role", {"name": text("Role"), "hourly_rate": 90, "company_id": ids["company"]})
    _make(company, "work_type", "owner", "psa.work.type", {"name": text("Work"), "company_id": ids["company"]})
    _make(
        company,
        "contract",
        "owner",
        "psa.contract",
        {
            "name": text("Contract"),
            "client_id": ids["client"],
            "note": text("Terms"),
            "date_start": f"{TODAY.year - 1}-01-01",
            "rate_ids": [(0, 0, {"role_id": ids.get("role"), "hourly_rate": 70})],
        },
    )
    if "contract" in ids:
        with contextlib.suppress(xmlrpc.client.Fault):
            owner.button("psa.contract", ids["contract"], "action_activate")
    _make(company, "tax", "head", "account.tax", {"name": text("Tax"), "amount": 7, "description": text("Tax")})
    _make(
        company,
        "product",
        "head",
        "product.product",
        {
            "name": text("Product"),
            "default_code": text("Code"),
            "company_id": ids["company"],
            "type": "service",
            "list_price": 5,
        },
    )
    _make(company, "pricelist", "head", "product.pricelist", {"name": text("Pricelist"), "company_id": ids["company"]})
    _make(company, "term", "head", "account.payment.term", {"name": text("Term"), "company_id": ids["company"]})
    _make(
        company,
        "invoice",
        "head",
        "account.move",
        {
            "move_type": "out_invoice",
            "partner_id": ids["client"],
            "invoice_date": str(TODAY),
            "ref": text("Ref"),
            "narration": text("Narration"),
            "invoice_line_ids": [(0, 0, {"name": text("Line"), "quantity": 1, "price_unit": 10})],
        },
    )
    if "invoice" in ids:
        with contextlib.suppress(xmlrpc.client.Fault):
            head.button("account.move", ids["invoice"], "action_post")
    _make(
        company,
        "payment",
        "head",
        "account.payment",
        {"partner_id": ids["client"], "amount": 10, "payment_type": "inbound", "memo": text("Memo")},
    )
    _make(company, "plan", "head", "account.analytic.plan", {"name": text("Plan")})
    plan = ids.get("plan") or 1
    _make(
        company,
        "analytic",
        "head",
        "account.analytic.account",
        {"name": text("Analytic"), "plan_id": plan, "company_id": ids["company"]},
    )
    _make(
        company,
        "analytic_line",
        "head",
        "account.analytic.line",
        {"name": text("Cost"), "amount": -3, "account_id": ids.get("analytic")},
    )
    _make(
        company,
        "lead",
        "head",
        "crm.lead",
        {
            "name": text("Lead"),
            "partner_id": ids["client"],
            "type": "opportunity",
            "description": text("Wants"),
            "tag_ids": [(0, 0, {"name": text("Lead tag")})],
        },
    )
    _make(
        company,
        "bare_lead",
        "head",
        "crm.lead",
        {
            "name": text("Bare lead"),
            "partner_name": text("Prospect"),
            "type": "lead",
            "user_id": False,
            "team_id": False,
        },
    )
    _make(company, "sales_team", "head", "crm.team", {"name": text("Sales"), "company_id": ids["company"]})
    _make(
        company,
        "quote",
        "head",
        "sale.order",
        {
            "partner_id": ids["client"],
            "note": text("Quote"),
            "client_order_ref": text("Their"),
            "order_line": [(0, 0, {"name": text("Line"), "product_id": ids.get("product"), "product_uom_qty": 1})],
        },
    )
    for key, model in (("source", "utm.source"), ("medium", "utm.medium"), ("campaign", "utm.campaign")):
        _make(
            company, key, "head", model, {"name": text("Utm"), **({"title": text("Utm")} if key == "campaign" else {})}
        )


def _people(company):
    text, ids = company.text, company.ids
    _make(company, "calendar", "head", "resource.calendar", {"name": text("Hours"), "company_id": ids["company"]})
    _make(company, "department", "head", "hr.department", {"name": text("Department"), "company_id": ids["company"]})
    _make(company, "job", "head", "hr.job", {"name": text("Job"), "company_id": ids["company"]})
    _make(company, "employee_tag", "head", "hr.employee.category", {"name": text("Staff tag")})
    for role in ("tech", "head"):
        _make(
            company,
            f"employee_{role}",
            "head",
            "hr.employee",
            {
                "name": text(f"Employee {role}"),
                "user_id": company.users.get(role),
                "company_id": ids["company"],
                "work_email": f"{role}@{company.word}.example",
                "private_street": text("Home"),
                "job_title": text("Title"),
            },
        )
    _make(
        company,
        "project",
        "head",
        "project.project",
        {
            "name": text("Project"),
            "partner_id": ids["client"],
            "company_id": ids["company"],
            "tag_ids": [(0, 0, {"name": text("Project tag")})],
        },
    )
    _make(company, "loose_project", "head", "project.project", {"name": text("Loose project"), "company_id": False})
    _make(
        company,
        "task",
        "head",
        "project.task",
        {"name": text("Task"), "project_id": ids.get("project"), "description": text("Do it")},
    )
    _make(
        company,
        "private_task",
        "tech",
        "project.task",
        {"name": text("To do"), "user_ids": [(6, 0, [company.users["tech"]])]},
    )
    _make(
        company,
        "timesheet",
        "tech",
        "account.analytic.line",
        {"name": text("Fixed"), "psa_ticket_id": ids["ticket"], "unit_amount": 1, "date": str(TODAY)},
    )
    _make(
        company,
        "timesheet_project",
        "head",
        "account.analytic.line",
        {
            "name": text("Did"),
            "project_id": ids.get("project"),
            "unit_amount": 1,
            "date": str(TODAY),
            "employee_id": ids.get("employee_head"),
        },
    )
    # Nobody enters a rating by hand: this is what the answer of a client leaves behind.
    ((company.ids["rating"],),) = company.server.query(
        """
        INSERT INTO rating_rating (
            res_model_id, res_model, res_id, res_name, feedback, partner_id, rating, rating_text, consumed, access_token,
            company_id, psa_ticket_id, psa_client_id, create_uid, create_date, write_date
        )
        SELECT model.id, model.model, ticket.id, ticket.name, %s, %s, 1, 'ko', TRUE, %s,
            ticket.company_id, ticket.id, ticket.client_id, %s, now(), now()
        FROM psa_ticket ticket JOIN ir_model model ON model.model = 'psa.ticket' WHERE ticket.id = %s
        RETURNING id
        """,
        (text("Well"), ids["contact"], text("token"), company.server.xmlrpc().ref("base.public_user"), ids["ticket"]),
    )


_PIXEL = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# Filling these in would change how the server or the account works, or sends something out.
_NOT_TO_FILL = {
    "res.users",
    "res.company",
    "ir.module.module",
    "base.module.update",
    "mail.mail",
    "res.config.settings",
}


def _long_tail(company):
    """Fill in every other model that somebody of the company may write to, so that what nobody thought of is there too."""
    admin = company.server.xmlrpc()
    models = admin.find("ir.model", [("transient", "=", False), ("abstract", "=", False)], "model", order="id")
    rpc = company.rpc("head")
    for model in (row["model"] for row in models):
        if model in _NOT_TO_FILL:
            continue
        try:
            if not rpc.call(model, "has_access", [], "create"):
                continue
            if rpc.search(model, [("create_uid", "in", list(company.users.values()))], limit=1):
                continue
            rpc.create(model, _filled_in(company, rpc, model))
        except (xmlrpc.client.Fault, ValueError, TypeError) as error:
            company.refused[model] = str(error).strip().splitlines()[-1][:200]


def _filled_in(company, rpc, model):
    fields = rpc.call(
        model, "fields_get", attributes=["type", "required", "readonly", "store", "relation", "selection"]
    )
    given = rpc.call(model, "default_get", list(fields))
    vals = {}
    for name, about in fields.items():
        kind = about["type"]
        if about.get("readonly") or not about.get("store"):
            continue
        if (
            kind in ("char", "text", "html")
            and not given.get(name)
            and name not in ("lang", "tz")
            and "domain" not in name
        ):
            vals[name] = company.text(name) if "mail" not in name else f"{name}@{company.word}.example"
        elif not about.get("required") or given.get(name):
            continue
        elif kind == "many2one":
            found_ids = rpc.search(
                about["relation"], [("create_uid", "in", list(company.users.values()))], limit=1
            ) or rpc.search(about["relation"], [], limit=1)
            vals[name] = found_ids[0] if found_ids else False
        elif kind == "selection":
            vals[name] = about["selection"][0][0]
        elif kind in ("integer", "float", "monetary"):
            vals[name] = 1
        elif kind in ("date", "datetime"):
            vals[name] = str(TODAY)
    return vals
