"""A real Kafka broker of the test run's own: the product's, asking nobody who comes unless told passwords."""

import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from events.brokers import Brokers
from processes.broker import Broker, free_port
from rigs.guard import Guard, wait_for_end

START_SECONDS = 180


class Kafka:
    """One broker; `brokers` is the way to it and `servers` its address, the same after each `start`."""

    def __init__(self, passwords: Mapping[str, str] | None = None) -> None:
        """`passwords`: of the users that there are from the first start, by their names."""
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-kafka-"))
        self._guard = Guard(self.folder)
        try:
            self._broker = Broker(self.folder / "kafka", free_port(), free_port(), passwords, heap="512m")
            self.servers = self._broker.address
            self.brokers = Brokers(self.servers)
            self._broker.format()
            self.start()
        except BaseException:
            self._guard.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def start(self) -> None:
        """Starts it, also on the data that `stop` or `kill` left; returns when connections are taken."""
        self._process = self._broker.spawn(self.folder / "log")
        self._guard.watch(self._process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self._broker.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the broker does not start: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)

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
