"""How the Kafka brokers are reached: where they are, as whom, and over what."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest


@dataclass(frozen=True)
class Brokers:
    """Without a user nobody is asked for one (a test's broker); with one it is SASL/SCRAM-SHA-512."""

    servers: str
    """"host:port,host:port": some of them; the others are learnt from these."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    encrypted: bool = False
    authority: str | None = None
    """The certificates (PEM) to check theirs against; unless given, the system's."""

    def options(self) -> dict[str, Any]:
        """The keyword arguments of aiokafka's clients."""
        transport = "SSL" if self.encrypted else "PLAINTEXT"
        options: dict[str, Any] = {"bootstrap_servers": self.servers.split(",")}
        if self.user is None:
            options["security_protocol"] = transport
        else:
            options |= {
                "security_protocol": f"SASL_{transport}",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        if self.encrypted:
            options["ssl_context"] = ssl.create_default_context(cadata=self.authority)
        return options


class NotLetIn(Exception):
    """The brokers answer and will not have us: waiting does not help. `what` is to be set right."""

    def __init__(self, what: Literal["user", "protocol", "authority"]) -> None:
        super().__init__(what)
        self.what = what


class Contact:
    """One connection to the brokers, kept to know whether they are there; a client cannot be asked that."""

    def __init__(self, brokers: Brokers, *, seconds: float = 3) -> None:
        self._brokers = brokers
        self._seconds = seconds
        self._connection: AIOKafkaConnection | None = None

    async def require(self) -> None:
        """Returns when one of them answers. Raises NotLetIn, or KafkaError or OSError while none does."""
        if self._connection is None or not self._connection.connected():
            self._connection = await self._connected()
        try:
            await self._connection.send(MetadataRequest([]))
        except BaseException:
            self.close()
            raise

    async def _connected(self) -> AIOKafkaConnection:
        options = self._brokers.options()
        failure: Exception = KafkaConnectionError("no broker is named")
        for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
            try:
                return await create_conn(
                    host, port, request_timeout_ms=int(self._seconds * 1000), client_id="contact", **options
                )
            except (SaslAuthenticationFailed, ValueError) as error:
                if isinstance(error, ssl.SSLCertVerificationError):
                    raise NotLetIn("authority") from error
                raise NotLetIn("user") from error
            except (UnsupportedSaslMechanismError, IllegalSaslStateError, ssl.SSLError) as error:
                raise NotLetIn("protocol") from error
            except (KafkaError, OSError) as error:
                failure = error
        raise failure

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
