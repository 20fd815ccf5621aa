/* SPDX-License-Identifier: BSD-2-Clause */
/* What the prompt shows of the firmware's measurements, and trees that lie about them.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c build/third_party/libfdt
 */
#include "../../hypervisor/core/measurements.c"

#include "check.h"
#include "hv_messages.h"
#include "hv_tree.h"

static const char names[] = "firmware\0image-head";

/* The firmware's own node, two events with digests of 1s and 2s, a chain of 3s. */
static int measured_tree(void)
{
    uint8_t digests[2 * DIGEST_SIZE], chain[DIGEST_SIZE];
    int measured;

    memset(digests, 0x11, DIGEST_SIZE);
    memset(digests + DIGEST_SIZE, 0x2f, DIGEST_SIZE);
    memset(chain, 0xf3, sizeof(chain));
    tree_start();
    tree_add("/", "chosen");
    measured = tree_add("/chosen", "roundpeg,measurements");
    tree_text(measured, "compatible", "roundpeg,measurements-v1");
    tree_text(measured, "verdict", "ok");
    tree_bytes(measured, "names", names, sizeof(names));
    tree_bytes(measured, "digests", digests, sizeof(digests));
    tree_bytes(measured, "chain", chain, sizeof(chain));
    return measured;
}

static void expect(const char *said, const char *printed)
{
    messages_clear();
    measurements_init(tree);
    CHECK(strcmp(messages, said) == 0);
    messages_clear();
    measurements_print();
    CHECK(strcmp(messages, printed) == 0);
}

static void test_nothing(void)
{
    tree_start();
    expect("", "the firmware measured nothing\n");
    tree_add("/", "chosen");
    expect("", "the firmware measured nothing\n");
}

static void test_two_events(void)
{
    measured_tree();
    expect("", "1111111111111111111111111111111111111111111111111111111111111111  firmware\n"
               "2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f  image-head\n"
               "f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3  chain\n"
               "the firmware's verdict on the image: ok\n");
}

/* Break one property of a good node. */
#define REFUSED(statement)                                                                                            \
    do {                                                                                                              \
        int measured = measured_tree();                                                                               \
        check_context = #statement;                                                                                   \
        statement;                                                                                                    \
        expect("the firmware's measurements make no sense\n", "the firmware measured nothing\n");                     \
    } while (0)

static void test_nonsense(void)
{
    static const uint8_t zeros[4 * DIGEST_SIZE];

    REFUSED(tree_text(measured, "compatible", "roundpeg,measurements-v2"));
    REFUSED(CHECK(fdt_delprop(tree, measured, "names") == 0));
    REFUSED(tree_bytes(measured, "names", "", 0));
    REFUSED(tree_bytes(measured, "names", names, sizeof(names) - 1));
    REFUSED(tree_bytes(measured, "names", "one\0two\0three", sizeof("one\0two\0three")));
    REFUSED(CHECK(fdt_delprop(tree, measured, "digests") == 0));
    REFUSED(tree_bytes(measured, "digests", zeros, 2 * DIGEST_SIZE - 1));
    REFUSED(tree_bytes(measured, "digests", zeros, 3 * DIGEST_SIZE));
    REFUSED(tree_bytes(measured, "chain", zeros, DIGEST_SIZE + 1));
    REFUSED(CHECK(fdt_delprop(tree, measured, "chain") == 0));
    REFUSED(CHECK(fdt_delprop(tree, measured, "verdict") == 0));
    REFUSED(tree_bytes(measured, "verdict", "ok", 2));
}

int main(void)
{
    test_nothing();
    test_two_events();
    test_nonsense();
    return 0;
}
