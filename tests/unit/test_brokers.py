"""Brokers behind TLS are believed only with a certificate that the settings, or the system, vouch for."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from events.brokers import Brokers, Contact, NotLetIn


def certificate(file: Path) -> str:
    """For 127.0.0.1, vouched for by itself alone; `file` holds its key too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    file.write_bytes(
        made
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made.decode()


@asynccontextmanager
async def listening(context: ssl.SSLContext | None, says: bytes) -> AsyncIterator[str]:
    """Says something to whoever comes, and ends the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(says)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_certificate_that_nobody_vouches_for_is_refused_and_one_that_the_settings_name_is_not(
    tmp_path: Path,
) -> None:
    authority = certificate(tmp_path / "broker.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "broker.pem")
    async with listening(context, b"") as address:
        with pytest.raises(NotLetIn) as refused:
            await Contact(Brokers(address, "members", "password", encrypted=True)).require()
        assert refused.value.what == "authority"
        trusting = Brokers(address, "members", "password", encrypted=True, authority=authority)
        with pytest.raises(KafkaError):  # it gets as far as asking, and has no answer
            await Contact(trusting).require()


async def test_who_does_not_speak_tls_is_told_from_who_is_not_there() -> None:
    async with listening(None, b"this is no TLS") as address:
        with pytest.raises(NotLetIn) as refused:
            await Contact(Brokers(address, "members", "password", encrypted=True)).require()
    assert refused.value.what == "protocol"
    with pytest.raises(OSError, match="Connect call failed"):
        await Contact(Brokers(address, "members", "password", encrypted=True)).require()
