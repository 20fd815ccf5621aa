/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's bus walk and its assignment of addresses, on make-believe buses.
 *
 * Include: firmware/opal hypervisor/include lib/include
 */
#include "../../firmware/opal/pci/walk.c"

#include "../../firmware/opal/pci/assign.c"

#include "opal_pci_bus.h"

#define M32_PCI 0x80000000ULL
#define M64_PCI 0x3d00000000000ULL
#define M64_SIZE (64ULL << 30)

static bool fake_link_is_up(struct pci_host *host)
{
    (void)host;
    return fake_link;
}

static const struct pci_host_ops fake_ops = {
    .config_read = fake_config_read,
    .config_write = fake_config_write,
    .link_is_up = fake_link_is_up,
};

static struct pci_host host;

static void host_reset(void)
{
    memset(&host, 0, sizeof(host));
    host.ops = &fake_ops;
    host.windows[PCI_M32] = (struct pci_window){0x3ff8000000000, M32_PCI, M32_PCI, 0x10000, 8 << 20};
    host.windows[PCI_M64] = (struct pci_window){M64_PCI, M64_PCI, M64_SIZE, 256 << 20, 256 << 20};
    fake_count = 0;
    fake_link = true;
}

/* What a bridge forwards, out of its registers alone. */
static struct pci_range window_of(const struct fake_device *bridge, enum pci_window_kind kind)
{
    const uint8_t *at = &bridge->config[kind == PCI_M32 ? PCI_BRIDGE_MEMORY : PCI_BRIDGE_PREFETCH];
    uint64_t base = (uint64_t)(fake_get(at, 2) & 0xfff0) << 16, end = (uint64_t)(fake_get(at + 2, 2) & 0xfff0) << 16;

    if (kind == PCI_M64) {
        base |= (uint64_t)fake_get(&bridge->config[PCI_BRIDGE_PREFETCH_BASE_UPPER], 4) << 32;
        end |= (uint64_t)fake_get(&bridge->config[PCI_BRIDGE_PREFETCH_LIMIT_UPPER], 4) << 32;
    }
    return (struct pci_range){base, base > end ? 0 : end + (1 << 20) - base, 0};
}

static bool inside(struct pci_range inner, struct pci_range outer)
{
    return inner.base >= outer.base && inner.base - outer.base <= outer.size &&
           inner.size <= outer.size - (inner.base - outer.base);
}

static bool overlap(struct pci_range left, struct pci_range right)
{
    return left.size != 0 && right.size != 0 && left.base < right.base + right.size &&
           right.base < left.base + left.size;
}

static struct pci_range host_window(enum pci_window_kind kind)
{
    return (struct pci_range){host.windows[kind].pci, host.windows[kind].size - host.windows[kind].reserved, 0};
}

/* The range that a register of a real device answers to. */
static struct pci_range bar_of(const struct fake_device *device, const struct pci_bar *bar, uint32_t index)
{
    uint64_t base = fake_get(&device->config[PCI_BAR0 + 4 * index], 4) & 0xfffffff0U;

    if (bar->wide)
        base |= (uint64_t)fake_get(&device->config[PCI_BAR0 + 4 * index + 4], 4) << 32;
    return (struct pci_range){base, bar->range.size, 0};
}

/* A range must be in every window on its way, and in no window that is not on its way. */
static void check_path(int parent, enum pci_window_kind kind, struct pci_range range)
{
    for (int i = 0; i < fake_count; i++) {
        bool above = false;

        for (int at = parent; at != FAKE_ROOT; at = fake[at].parent)
            above = above || at == i;
        if (above)
            CHECK(inside(range, window_of(&fake[i], kind)));
    }
    CHECK(inside(range, host_window(kind)));
}

static void check_bars(const struct pci_device *device, struct pci_range *taken, uint32_t *taken_count)
{
    struct fake_device *real = fake_find(device->bdfn);

    for (uint32_t i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->bars[i];
        struct pci_range range;

        if (!bar->assigned)
            continue;
        range = bar_of(real, bar, i);
        CHECK(range.base == bar->range.base && range.base % range.size == 0);
        CHECK(bar->kind == PCI_M32 ? range.base + range.size <= 1ULL << 32 : bar->prefetch && bar->wide);
        check_path(real->parent, bar->kind, range);
        for (uint32_t k = 0; k < *taken_count; k++)
            CHECK(!overlap(range, taken[k]));
        taken[(*taken_count)++] = range;
    }
}

/* Windows of neighbours are apart, and each begins and ends at a segment's border: no two buses in one PE. */
static void check_windows(const struct pci_device *bridge)
{
    for (enum pci_window_kind kind = PCI_M32; kind < PCI_WINDOW_KINDS; kind++) {
        struct pci_range window = window_of(fake_find(bridge->bdfn), kind);

        CHECK(window.base % host.windows[kind].granule == 0 || window.size == 0);
        CHECK(window.size % host.windows[kind].granule == 0);
        for (const struct pci_device *other = bridge->next; other != NULL; other = other->next)
            if (other->is_bridge)
                CHECK(!overlap(window, window_of(fake_find(other->bdfn), kind)));
    }
}

static void check_everything(void)
{
    static struct pci_range taken[PCI_DEVICES_PER_HOST * PCI_BARS];
    uint32_t count = 0, taken_count = 0;

    for (const struct pci_device *device = host.root_bus; device != NULL; device = pci_next(device)) {
        struct fake_device *real = fake_find(device->bdfn);

        count++;
        CHECK(real != NULL && pci_find(&host, device->bdfn) == device);
        CHECK((fake_get(&real->config[PCI_COMMAND], 2) & (PCI_COMMAND_DECODE | PCI_COMMAND_MASTER)) == 0);
        check_bars(device, taken, &taken_count);
        if (device->is_bridge) {
            CHECK(device->secondary > PCI_BUS(device->bdfn) && device->subordinate >= device->secondary);
            check_windows(device);
        }
    }
    CHECK(count == host.device_count);
}

static uint32_t random_below(uint32_t end)
{
    return (uint32_t)rand() % end;
}

static void random_bars(int index)
{
    uint32_t registers = fake[index].is_bridge ? 2 : PCI_BARS;

    for (uint32_t bar = 0; bar < registers; bar++) {
        bool wide = bar + 1 < registers && random_below(3) == 0;

        if (random_below(3) == 0)
            continue;
        fake_bar(index, bar, 16ULL << random_below(wide ? 24 : 20), wide, random_below(2) == 0);
        bar += wide ? 1 : 0;
    }
}

/* Conventional and PCI Express bridges with up to `left` functions below them. */
static void random_bus(int parent, uint32_t slots, uint32_t *left, uint32_t depth)
{
    for (uint32_t slot = 0; slot < slots && *left > 0; slot++) {
        int index;

        if (slots > 1 && random_below(8) != 0)
            continue;
        (*left)--;
        if (depth < 5 && random_below(2) == 0) {
            bool link = random_below(2) == 0;

            index = fake_bridge(parent, (uint8_t)(slot << 3), random_below(3) != 0);
            if (link)
                fake_express(index, PCI_EXPRESS_DOWNSTREAM);
            random_bars(index);
            random_bus(index, link ? 1 : 32, left, depth + 1);
        } else {
            index = fake_add(parent, (uint8_t)(slot << 3));
            random_bars(index);
        }
    }
}

static void test_random(void)
{
    srand(4);
    for (int round = 0; round < 1000; round++) {
        uint32_t left = PCI_DEVICES_PER_HOST - 1;
        int port;

        host_reset();
        port = fake_bridge(FAKE_ROOT, 0, true);
        fake_express(port, PCI_EXPRESS_ROOT_PORT);
        random_bus(port, 1, &left, 0);
        pci_walk(&host);
        CHECK(!host.walk_was_cut);
        CHECK(host.device_count == (uint32_t)fake_count);
        pci_assign(&host);
        check_everything();
    }
}

/* A root port with one device, as three of QEMU's bridges have it. */
static int simple_device(void)
{
    int port = fake_bridge(FAKE_ROOT, 0, true);

    fake_express(port, PCI_EXPRESS_ROOT_PORT);
    return fake_add(port, 0);
}

static void test_simple(void)
{
    struct pci_device *device;
    int index;

    host_reset();
    index = simple_device();
    fake_bar(index, 1, 4096, false, false);
    fake_bar(index, 4, 16384, true, true);
    pci_walk(&host);
    CHECK(pci_assign(&host) == 0);
    check_everything();
    device = pci_find(&host, PCI_BDFN(1, 0, 0));
    CHECK(device->bars[1].range.base == M32_PCI && device->bars[4].range.base == M64_PCI);
    CHECK(device->vendor == 0x1af4 && device->device == 0x1000 && device->class_code == 0x020000);
    CHECK(device->revision == 1 && device->interrupt_pin == 1 && device->express == 0);
    CHECK(host.root_bus->express_type == PCI_EXPRESS_ROOT_PORT && host.last_bus == 1);
    CHECK(fake_get(&fake[0].config[0x40 + PCI_EXPRESS_CONTROL], 2) == 0x201f);
    CHECK(pci_find(&host, PCI_BDFN(2, 0, 0)) == NULL);
}

static void test_nothing_there(void)
{
    host_reset();
    pci_walk(&host);
    CHECK(host.root_bus == NULL && host.device_count == 0 && pci_assign(&host) == 0);
}

/* Without a link nothing behind the root port is asked for. */
static void test_no_link(void)
{
    host_reset();
    simple_device();
    fake_link = false;
    pci_walk(&host);
    CHECK(host.device_count == 1 && host.root_bus->children == NULL);
    CHECK(host.root_bus->secondary == 1 && host.root_bus->subordinate == 1);
}

static void test_functions(void)
{
    struct pci_device *first;
    int index;

    host_reset();
    index = simple_device();
    fake_add(fake[index].parent, 3);
    fake_add(fake[index].parent, 1 << 3); /* behind a link there is no second slot */
    pci_walk(&host);
    CHECK(host.device_count == 2); /* function 3 is only looked for on a device that says it has several */
    fake[index].config[PCI_HEADER_TYPE] = PCI_HEADER_MULTIFUNCTION;
    pci_walk(&host);
    first = pci_find(&host, PCI_BDFN(1, 0, 0));
    CHECK(host.device_count == 3 && first->next->bdfn == PCI_BDFN(1, 0, 3) && first->next->next == NULL);
}

/* A BAR that cannot be had costs that one only. */
static void test_too_large(void)
{
    struct pci_device *device;
    int index;

    host_reset();
    index = simple_device();
    fake_bar(index, 0, 1 << 20, false, false);
    fake_bar(index, 1, 1ULL << 31, false, false);
    fake_bar(index, 2, 64ULL << 30, true, true);
    pci_walk(&host);
    CHECK(pci_assign(&host) == 2);
    check_everything();
    device = pci_find(&host, PCI_BDFN(1, 0, 0));
    CHECK(device->bars[0].assigned && !device->bars[1].assigned && !device->bars[2].assigned);
    CHECK(fake_get(&fake[index].config[PCI_BAR0 + 4], 4) == 0);
}

static void test_bars_of_all_kinds(void)
{
    struct pci_device *device;
    int index;

    host_reset();
    index = simple_device();
    fake[index].fixed[0] = PCI_BAR_IO; /* no PHB of this kind has I/O */
    fake[index].masks[0] = 0xffffffe0;
    fake_bar(index, 1, 16, false, true);
    fake_bar(index, 2, 32, true, false);
    fake_bar(index, 5, 128, true, true); /* says it is wide, but there is no register for its upper half */
    pci_walk(&host);
    pci_assign(&host);
    device = pci_find(&host, PCI_BDFN(1, 0, 0));
    CHECK(device->bars[0].range.size == 0 && device->bars[1].range.size == 16 && device->bars[2].range.size == 32);
    CHECK(device->bars[1].kind == PCI_M32 && device->bars[2].kind == PCI_M32 && !device->bars[5].wide);
    CHECK(device->bars[5].range.size == 128 && device->bars[5].kind == PCI_M32);
}

/* More than the pool, the bus numbers or the depth: what there is is used, and it is known that there is more. */
static void test_limits(void)
{
    int bridge = FAKE_ROOT;

    host_reset();
    bridge = fake_bridge(FAKE_ROOT, 0, true);
    for (uint32_t i = 0; i < PCI_DEVICES_PER_HOST; i++)
        fake_add(bridge, (uint8_t)(i % 32 << 3 | i / 32));
    for (uint32_t i = 0; i < 32; i++)
        fake[1 + i].config[PCI_HEADER_TYPE] = PCI_HEADER_MULTIFUNCTION;
    pci_walk(&host);
    CHECK(host.walk_was_cut && host.device_count == PCI_DEVICES_PER_HOST);
    pci_assign(&host);
    check_everything();

    host_reset();
    for (uint32_t i = 0; i < PCI_MAX_DEPTH + 3; i++)
        bridge = fake_bridge(i == 0 ? FAKE_ROOT : bridge, 0, true);
    pci_walk(&host);
    CHECK(host.walk_was_cut && host.device_count == PCI_MAX_DEPTH);
    pci_assign(&host);
}

/* A list of capabilities that leads back to itself ends. */
static void test_capability_loop(void)
{
    int index;

    host_reset();
    index = simple_device();
    fake_put(&fake[index].config[PCI_STATUS], 2, PCI_STATUS_CAPABILITIES);
    fake[index].config[PCI_CAPABILITIES] = 0x50;
    fake_put(&fake[index].config[0x50], 2, 0x5005);
    pci_walk(&host);
    CHECK(pci_find(&host, PCI_BDFN(1, 0, 0))->express == 0);
}

int main(void)
{
    test_nothing_there();
    test_simple();
    test_no_link();
    test_functions();
    test_too_large();
    test_bars_of_all_kinds();
    test_limits();
    test_capability_loop();
    test_random();
    return 0;
}
