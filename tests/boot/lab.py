# SPDX-License-Identifier: BSD-2-Clause
"""A laboratory network: a namespace of its own with a bridge, a boot server and taps for machines.

It needs root.  Nothing of it is visible outside, and nothing survives: the namespace goes with the last process in it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

import pytest

from loader.emulator import Network

ADDRESS: Final = "192.0.2.1"
NETWORK: Final = f"{ADDRESS}/24"
BRIDGE: Final = "lab"
PATIENCE: Final = 120.0
TIED: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""Runs a command that dies with us."""


class Lab:
    """The network while the context lasts; `prefix` runs a command in it."""

    holder: subprocess.Popen[bytes]
    prefix: tuple[str, ...]

    def __init__(self) -> None:
        self._resources = ExitStack()
        self._taps = 0

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            pytest.fail("networks need root: run this test as root", pytrace=False)
        for tool in ("ip", "nft", "dnsmasq"):
            if shutil.which(tool) is None:
                pytest.fail(f"{tool} is not installed: run tools/setup", pytrace=False)
        with ExitStack() as resources:
            # a process that holds the namespace and says when it is there
            self.holder = subprocess.Popen(
                [*TIED, "unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            resources.callback(self.holder.communicate)
            resources.callback(self.holder.kill)
            assert self.holder.stdout is not None
            assert self.holder.stdout.readline() == b"\n", (
                "unshare --net failed: does the kernel have network namespaces?"
            )
            self.prefix = ("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--")
            self.run("ip", "link", "add", BRIDGE, "type", "bridge")
            self.run("ip", "address", "add", NETWORK, "dev", BRIDGE)
            self.run("ip", "link", "set", BRIDGE, "up")
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self, *command: str, typed: str = "") -> str:
        """Run a command here to its end and return what it printed."""
        result = subprocess.run([*self.prefix, *command], input=typed, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{' '.join(command)}: {result.stderr}"
        return result.stdout

    def port(self, mac: str, device: str) -> Network:
        """A network device for a machine that runs under `prefix`."""
        name = f"tap{self._taps}"
        self._taps += 1
        self.run("ip", "tuntap", "add", "dev", name, "mode", "tap")
        self.run("ip", "link", "set", name, "master", BRIDGE, "up")
        return Network(f"tap,ifname={name},script=no,downscript=no", device, mac)

    def lose(self, one_in: int) -> None:
        """From now on the server loses every `one_in`-th packet that comes and that goes, ARP and DHCP included."""
        rule = f"numgen inc mod {one_in} == 0 counter name lost drop"
        self._filter("loss", "counter lost { }", input=rule, output=rule)

    def lost(self) -> int:
        """How many packets `lose` has lost."""
        counter = re.search(r"packets (\d+)", self.run("nft", "list", "counter", "bridge", "loss", "lost"))
        assert counter is not None
        return int(counter[1])

    def cut_after(self, size: int) -> None:
        """Once the server has sent `size` bytes by UDP it can send no more."""
        self._filter("cut", output=f"ip protocol udp quota over {size} bytes drop")

    def mend(self) -> None:
        """Undo `cut_after`."""
        self.run("nft", "delete", "table", "bridge", "cut")

    def _filter(self, table: str, *objects: str, **rules: str) -> None:
        """Hold every packet of the server against rules, by hook, in nft's language."""
        chains = [f"chain {hook} {{\ntype filter hook {hook} priority 0\n{rule}\n}}" for hook, rule in rules.items()]
        self.run("nft", "-f", "-", typed="\n".join([f"table bridge {table} {{", *objects, *chains, "}\n"]))


class Server:
    """A dnsmasq in a laboratory while the context lasts; its messages go to `log`."""

    def __init__(self, lab: Lab, configuration: Path, log: Path) -> None:
        self.lab = lab
        self.configuration = configuration
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it serves."""
        # as root: pytest's folders are closed to dnsmasq's own user, and a change of group would untie it from us
        user = ("--user=root", "--group=root")
        command = ["dnsmasq", "--keep-in-foreground", "--log-facility=-", *user, f"--conf-file={self.configuration}"]
        with self.log.open("ab") as log:
            before = log.tell()
            self.process = subprocess.Popen([*self.lab.prefix, *TIED, *command], stderr=log)
        self.wait_for(r"TFTP root is ", before)

    def kill(self) -> None:
        """Kill it; there is no time to say goodbye to anyone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def messages(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    def wait_for(self, pattern: str, offset: int = 0) -> None:
        """Wait for a message after `offset`."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.messages()[offset:]):
            assert self.process is not None
            assert self.process.poll() is None, f"dnsmasq ended: {self.messages()}"
            assert time.monotonic() < deadline, f"no /{pattern}/ in dnsmasq's messages: {self.messages()}"
            time.sleep(0.05)
