/* SPDX-License-Identifier: BSD-2-Clause */
/* H_PAGE_INIT. */
#include <string.h>

#include "hcall.h"

#define PAGE_SIZE UINT64_C(4096)
/* Hints that PAPR lets us ignore: the page's state for cooperative memory overcommitment. */
#define PAGE_INIT_HINTS (H_FLAG(28) | H_FLAG(29) | H_FLAG(30))
#define PAGE_INIT_FLAGS \
    (H_FLAG_ZERO_PAGE | H_FLAG_COPY_PAGE | H_FLAG_ICACHE_INVALIDATE | H_FLAG_ICACHE_SYNCHRONIZE | PAGE_INIT_HINTS)

/* (flags, page, page to copy from) */
int64_t h_page_init(struct vcpu *vcpu, uint64_t *args)
{
    uint64_t flags = args[0];
    void *page;

    if ((flags & ~PAGE_INIT_FLAGS) != 0) {
        return H_PARAMETER;
    }
    page = domain_pointer(vcpu->domain, args[1], PAGE_SIZE);
    if (!IS_ALIGNED(args[1], PAGE_SIZE) || page == NULL) {
        return H_PARAMETER;
    }
    if ((flags & H_FLAG_COPY_PAGE) != 0) {
        const void *source = domain_pointer(vcpu->domain, args[2], PAGE_SIZE);

        if (!IS_ALIGNED(args[2], PAGE_SIZE) || source == NULL) {
            return H_PARAMETER;
        }
        memmove(page, source, PAGE_SIZE);
    } else if ((flags & H_FLAG_ZERO_PAGE) != 0) {
        memset(page, 0, PAGE_SIZE);
    }
    if ((flags & (H_FLAG_ICACHE_INVALIDATE | H_FLAG_ICACHE_SYNCHRONIZE)) != 0) {
        cpu_sync_icache(page, PAGE_SIZE);
    }
    return H_SUCCESS;
}
