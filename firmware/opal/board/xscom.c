/* SPDX-License-Identifier: BSD-2-Clause */
/* SCOM through its window in memory; HMER tells how an access went (POWER8 user's manual; QEMU, hw/ppc/pnv_xscom.c). */
#include "board.h"
#include "calls.h"
#include "io.h"
#include "map.h"
#include "tree.h"
#include "units.h"

#define HMER_XSCOM_FAIL (UINT64_C(1) << (63 - 8))
#define HMER_XSCOM_DONE (UINT64_C(1) << (63 - 9))
#define HMER_XSCOM_STATUS_SHIFT (63 - 23)
#define HMER_XSCOM_STATUS_MASK 7
#define STATUS_BUSY 1 /* another master holds the bus: ask again */

#define TRIES 100
#define MAX_CHIPS 8

/* Chip 0 is there before the tree has been read. */
static uint8_t chip_present[MAX_CHIPS] = { 1 };

void xscom_init(const void *tree)
{
    int node = -1;

    while ((node = tree_next_compatible(tree, node, "ibm,xscom")) >= 0) {
        uint32_t chip = tree_get_u32(tree, node, "ibm,chip-id", 0);

        if (chip < MAX_CHIPS) {
            chip_present[chip] = 1;
        }
    }
}

static uint64_t window_address(uint32_t chip, uint64_t pcba)
{
    return (uint64_t)XSCOM_BASE + chip * (uint64_t)XSCOM_SIZE + ((pcba & ~UINT64_C(0xf)) << 4) + ((pcba & 0xf) << 3);
}

static bool is_valid(uint32_t chip, uint64_t pcba)
{
    return chip < MAX_CHIPS && chip_present[chip] != 0 && pcba < (uint64_t)XSCOM_SIZE >> 3;
}

/* One access; HMER is the processor's own, so that no lock is needed.  Its bits are cleared by writing zeros. */
static uint64_t access_once(uint64_t address, const uint64_t *write, uint64_t *read)
{
    uint64_t hmer;

    SPR_WRITE(SPR_HMER, ~(HMER_XSCOM_FAIL | HMER_XSCOM_DONE
                          | ((uint64_t)HMER_XSCOM_STATUS_MASK << HMER_XSCOM_STATUS_SHIFT)));
    if (write != NULL) {
        io_write64(address, *write);
    } else {
        *read = io_read64(address);
    }
    do {
        hmer = SPR_READ(SPR_HMER);
    } while ((hmer & (HMER_XSCOM_FAIL | HMER_XSCOM_DONE)) == 0);
    return hmer;
}

static int64_t access(uint32_t chip, uint64_t pcba, const uint64_t *write, uint64_t *read)
{
    if (!is_valid(chip, pcba)) {
        return OPAL_PARAMETER;
    }
    for (int i = 0; i < TRIES; i++) {
        uint64_t hmer = access_once(window_address(chip, pcba), write, read);

        if ((hmer & HMER_XSCOM_FAIL) == 0) {
            return OPAL_SUCCESS;
        }
        if ((hmer >> HMER_XSCOM_STATUS_SHIFT & HMER_XSCOM_STATUS_MASK) != STATUS_BUSY) {
            break;
        }
    }
    return OPAL_HARDWARE;
}

int64_t xscom_read(uint32_t chip, uint64_t pcba, uint64_t *value)
{
    *value = UINT64_MAX;
    return access(chip, pcba, NULL, value);
}

int64_t xscom_write(uint32_t chip, uint64_t pcba, uint64_t value)
{
    return access(chip, pcba, &value, NULL);
}
