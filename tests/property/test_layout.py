# SPDX-License-Identifier: BSD-2-Clause
"""Whatever the planner accepts is disjoint, inside the memory and reachable in real mode."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from loader import abi
from loader.domaintree import memory_nodes
from loader.errors import LayoutError
from loader.layout import RMA_ADDRESS_LIMIT, WORKING_ROOM, DomainLayout, DomainRequest, KernelFacts, Load, plan_domain
from loader.units import MIB

EXTENTS = st.integers(1, 320).map(lambda count: count * abi.EXTENT_SIZE)


@st.composite
def requests(draw: st.DrawFn) -> DomainRequest:
    memory = draw(EXTENTS)
    segments = draw(st.lists(st.tuples(st.integers(0, 96 * MIB), st.integers(1, 48 * MIB)), min_size=1, max_size=4))
    loads = tuple(Load(0, address, 0, size) for address, size in segments)
    relocatable = draw(st.booleans())
    return DomainRequest(
        where="domain",
        memory=memory,
        rma_size=min(memory, draw(EXTENTS)),
        kernel=KernelFacts(loads, loads[0].address, relocatable=relocatable),
        kernel_base=draw(st.none() | st.integers(0, 512).map(lambda n: n << 16)) if relocatable else None,
        ramdisk_size=draw(st.just(0) | st.integers(1, 256 * MIB)),
        ramdisk_address=draw(st.none() | st.integers(0, 0x8000).map(lambda n: n << 12)),
        tree_size=draw(st.integers(1, 4 * MIB)),
    )


@given(requests())
def test_accepted_plans_hold(request: DomainRequest) -> None:
    try:
        layout = plan_domain(request)
    except LayoutError:
        return
    check(request, layout)


@given(
    memory=EXTENTS.filter(lambda size: size >= 64 * MIB),
    kernel_size=st.integers(1, 16 * MIB),
    ramdisk_size=st.integers(0, 24 * MIB),
)
def test_moderate_domains_always_fit(memory: int, kernel_size: int, ramdisk_size: int) -> None:
    """The planner may not refuse what obviously fits."""
    kernel = KernelFacts((Load(0, 0, kernel_size, kernel_size),), 0)
    request = DomainRequest("domain", memory, min(memory, 64 * MIB), kernel, ramdisk_size=ramdisk_size)
    check(request, plan_domain(request))


def check(request: DomainRequest, layout: DomainLayout) -> None:
    parts = layout.ranges()
    for part in parts:
        assert 0 <= part.start < part.end <= request.memory
    for one, other in combinations(parts, 2):
        assert one.end <= other.start or other.end <= one.start, (one, other)
    for part in (layout.device_tree, layout.rtas):
        assert part.end <= min(request.rma_size, RMA_ADDRESS_LIMIT)
    assert layout.device_tree.end - layout.device_tree.start == request.tree_size
    used = sum(max(0, min(part.end, request.rma_size) - part.start) for part in parts)
    assert request.rma_size - used >= WORKING_ROOM
    assert all(load.address + load.memory_size <= request.rma_size for load in layout.kernel)
    assert (layout.ramdisk is None) == (request.ramdisk_size == 0)
    delta = layout.entry - request.kernel.entry
    assert [load.address for load in layout.kernel] == [load.address + delta for load in request.kernel.loads]


@given(EXTENTS, EXTENTS)
def test_memory_nodes_tile_the_memory(memory: int, rma_size: int) -> None:
    rma_size = min(memory, rma_size)
    nodes = memory_nodes(memory, rma_size)
    end = 0
    for start, size in nodes:
        assert start == end
        assert size > 0
        end += size
    assert end == memory
    if len(nodes) > 1:
        block = nodes[1][1]
        assert block & (block - 1) == 0
        assert rma_size % block == memory % block == 0
