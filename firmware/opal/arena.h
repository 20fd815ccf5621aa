/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is handed out while the machine starts and never given back. */
#ifndef OPAL_ARENA_H
#define OPAL_ARENA_H

#include <stddef.h>

/* `size` zero bytes, aligned to `align` (a power of two).  Never NULL: with an empty arena the machine cannot start, and
 * that is said on the console.  Only for the boot processor. */
void *arena_alloc(size_t size, size_t align);

#endif
