"""How the Kafka brokers are reached: where they are, as whom, and over what."""

import ssl
from dataclasses import dataclass, field
from typing import Any


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
