/* SPDX-License-Identifier: BSD-2-Clause */
#include "nvram.h"

#include <string.h>

#include "guest.h"

#define PARTITION_BLOCK 16
#define SIGNATURE_FREE 0x7f
#define NAME_FREE 'w'

/* Partition header: signature, checksum, length in blocks (two bytes, big-endian), twelve bytes of name. */
enum { HEADER_SIGNATURE = 0, HEADER_CHECKSUM = 1, HEADER_LENGTH = 2, HEADER_NAME = 4, HEADER_SIZE = 16 };

/* The header's bytes but for the checksum, added with end-around carry. */
static uint8_t header_checksum(const uint8_t *header)
{
    unsigned sum = header[HEADER_SIGNATURE];

    for (int i = HEADER_LENGTH; i < HEADER_SIZE; i++) {
        sum += header[i];
        sum = (sum & 0xff) + (sum >> 8);
    }
    return (uint8_t)sum;
}

void nvram_format(struct papr_domain *papr)
{
    uint8_t *header = papr->nvram;
    uint32_t blocks = NVRAM_SIZE / PARTITION_BLOCK;

    memset(papr->nvram, 0, sizeof(papr->nvram));
    header[HEADER_SIGNATURE] = SIGNATURE_FREE;
    header[HEADER_LENGTH] = (uint8_t)(blocks >> 8);
    header[HEADER_LENGTH + 1] = (uint8_t)blocks;
    memset(header + HEADER_NAME, NAME_FREE, HEADER_SIZE - HEADER_NAME);
    header[HEADER_CHECKSUM] = header_checksum(header);
}
