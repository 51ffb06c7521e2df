import ipaddress
import os
import ssl
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from http.server import ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from odoo.tests import tagged

from ..core import webhook
from .common import HelpdeskCommon
from .test_webhook import Receiver

DELIVERY = "odoo.addons.psa_helpdesk.models.psa_webhook_delivery"


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates, as one does that a service company keeps for its own servers."""

    def __init__(self, folder, name):
        self.folder, self.name, self.key = Path(folder), name, ec.generate_private_key(ec.SECP256R1())
        certificate = self._builder(name, self.key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.bundle = self._write(f"{name}.pem", certificate.sign(self.key, hashes.SHA256()))

    def server(self, *names, days=1):
        """Return the server's side of TLS with a certificate for these names, which ends in so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        known = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
        ]
        certificate = self._builder(names[0], key, days).add_extension(x509.SubjectAlternativeName(known), critical=False)
        path = self._write(f"{self.name}-{'-'.join(names)}-{days}.pem", certificate.sign(self.key, hashes.SHA256()), key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(self, subject, key, days=1):
        now = datetime.now(timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(name_of(subject)).issuer_name(name_of(self.name)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
        )

    def _write(self, name, certificate, key=None):
        path = self.folder / name
        text = certificate.public_bytes(serialization.Encoding.PEM)
        if key:
            text += key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        path.write_bytes(text)
        return path


@tagged("post_install", "-at_install")
class TestWebhookTls(HelpdeskCommon):
    """Calls over HTTPS go to who can prove to be who is called, and to nobody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.ours, cls.theirs = Authority(folder.name, "ours"), Authority(folder.name, "theirs")
        cls.env["ir.config_parameter"].set_param("psa_helpdesk.webhook_networks", "127.0.0.1, ::1")

    def _serve(self, context):
        receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        receiver.daemon_threads = True
        receiver.handle_error = lambda *args: None  # a client that hangs up is what is tested
        receiver.calls, receiver.released = [], threading.Event()
        receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        return receiver

    def _call(self, context, trusted=None, host="127.0.0.1", attempts=0):
        """Call a server; return the delivery and what the server got."""
        receiver = self._serve(context)
        hook = self.env["psa.webhook"].create({
            "name": "Chat", "url": f"https://{host}:{receiver.server_port}/200", "company_id": self.company.id, "timeout": 5,
        })
        delivery = self.env["psa.webhook.delivery"]._enqueue([{"webhook_id": hook.id, "event": "test", "payload": {"event": "test"}}])
        delivery.attempts = attempts
        # What OpenSSL asks the administrator of a server for.
        trust = {"SSL_CERT_FILE": str(trusted.bundle)} if trusted else {}
        with patch.dict(os.environ, trust), self.enter_registry_test_mode():
            if not trusted:
                os.environ.pop("SSL_CERT_FILE", None)
            self.env.ref("psa_helpdesk.ir_cron_call_webhooks").method_direct_trigger()
        self.env.invalidate_all()
        return delivery, receiver.calls

    def test_an_authority_that_is_trusted_by_its_file_is_enough(self):
        delivery, calls = self._call(self.ours.server("127.0.0.1"), self.ours)

        self.assertEqual((delivery.state, delivery.answer_code, delivery.error), ("sent", 200, False))
        (__, headers, body), = calls
        self.assertTrue(webhook.is_signed(delivery.webhook_id.secret, headers["X-PSA-Signature"], body, int(
            headers["X-PSA-Signature"].split(",")[0].removeprefix("t="))))

    def test_a_name_is_proved_as_an_address_is(self):
        delivery, calls = self._call(self.ours.server("localhost"), self.ours, host="localhost")

        self.assertEqual((delivery.state, len(calls)), ("sent", 1), delivery.error)

    def test_who_cannot_prove_to_be_who_is_called_gets_nothing(self):
        for title, context, trusted, told in (
            ("nobody answers for him", self.ours.server("127.0.0.1"), None, "self.signed|unable to get local issuer"),
            ("somebody else answers for him", self.theirs.server("127.0.0.1"), self.ours, "unable to get local issuer|self.signed"),
            ("somebody else's certificate", self.ours.server("hooks.example.com"), self.ours, "mismatch"),
            ("it has ended", self.ours.server("127.0.0.1", days=-1), self.ours, "expired"),
        ):
            with self.subTest(title):
                delivery, calls = self._call(context, trusted)

                self.assertEqual(calls, [], "not a word of the ticket went out")
                self.assertEqual((delivery.state, delivery.attempts, delivery.answer_code), ("waiting", 1, 0))
                self.assertRegex(delivery.error, f"not to be trusted: .*({told})")

    def test_a_bad_certificate_is_logged_when_the_call_is_set_aside(self):
        with self.assertLogs(DELIVERY, "WARNING") as log:
            delivery, __ = self._call(self.theirs.server("127.0.0.1"), self.ours, attempts=len(webhook.RETRY_AFTER))

        self.assertEqual(delivery.state, "failed")
        self.assertIn("certificate", log.output[0])

    def test_old_protocols_are_not_spoken(self):
        context = self.ours.server("127.0.0.1")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1

        delivery, calls = self._call(context, self.ours)

        self.assertEqual((delivery.state, calls), ("waiting", []))
