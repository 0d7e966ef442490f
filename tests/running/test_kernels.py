"""A kernel that is shut down while it starts ends without a word in the reader's terminal."""

import asyncio
import os

import pytest
from tiny_project import is_alive, wait_until

from mrilib.running.kernels import Stop, manager_for
from mrilib.running.sockets import socket_folder


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0])
def test_a_kernel_that_is_shut_down_while_it_starts_prints_nothing(tmp_path, seconds):
    async def start_and_shut_down():
        with socket_folder() as folder, (tmp_path / "printed").open("wb") as printed:
            manager = manager_for(folder, os.environ, Stop())()
            await manager.start_kernel(stderr=printed)
            await asyncio.sleep(seconds)
            await manager.shutdown_kernel()
            return manager.process

    process = asyncio.run(start_and_shut_down())
    assert (tmp_path / "printed").read_text() == ""
    wait_until(lambda: not is_alive(process))
